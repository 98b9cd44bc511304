"""What Stripe says of a monthly gift, the letters about it, and the heartbeat of each scheduled job.

Locks: subscription and outbox_message, briefly.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


CHECKS = {
    "state": "state IN ('active', 'past_due', 'paused', 'ended')",
    "ended": "(state = 'ended') = (ended_at IS NOT NULL)",
}


def upgrade() -> None:
    op.create_table(
        "heartbeat",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column(
            "began_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_heartbeat")),
    )
    op.add_column("outbox_message", sa.Column("subscription_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("fk_outbox_message_subscription_id_subscription"),
        "outbox_message",
        "subscription",
        ["subscription_id"],
        ["id"],
    )
    op.add_column("subscription", sa.Column("token", sa.Text(), nullable=True))
    op.add_column("subscription", sa.Column("customer_id", sa.Text(), nullable=True))
    op.add_column(
        "subscription", sa.Column("current_period_end", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "subscription",
        sa.Column(
            "ends_at_period_end", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
    )
    op.add_column(
        "subscription", sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("subscription", sa.Column("failed_invoice_id", sa.Text(), nullable=True))
    op.add_column("subscription", sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("subscription", sa.Column("mend_url", sa.Text(), nullable=True))
    op.add_column("subscription", sa.Column("as_of", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "subscription",
        sa.Column("as_of_event", sa.Text(), server_default=sa.text("''"), nullable=False),
    )
    op.add_column("subscription", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("subscription", sa.Column("end_reason", sa.Text(), nullable=True))
    op.create_unique_constraint(op.f("uq_subscription_token"), "subscription", ["token"])
    # The database's own random source is as good as the application's: 122 bits.
    op.execute("UPDATE subscription SET token = replace(gen_random_uuid()::text, '-', '')")
    op.execute("UPDATE subscription SET ended_at = created_at WHERE state = 'ended'")
    op.alter_column("subscription", "token", nullable=False)
    op.drop_constraint(op.f("ck_subscription_state"), "subscription", type_="check")
    for name, rule in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_subscription_{name}"), "subscription", rule)


def downgrade() -> None:
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_subscription_{name}"), "subscription", type_="check")
    op.create_check_constraint(
        op.f("ck_subscription_state"), "subscription", "state IN ('active', 'ended')"
    )
    op.drop_constraint(op.f("uq_subscription_token"), "subscription", type_="unique")
    op.drop_column("subscription", "end_reason")
    op.drop_column("subscription", "ended_at")
    op.drop_column("subscription", "as_of_event")
    op.drop_column("subscription", "as_of")
    op.drop_column("subscription", "mend_url")
    op.drop_column("subscription", "failed_at")
    op.drop_column("subscription", "failed_invoice_id")
    op.drop_column("subscription", "paused_until")
    op.drop_column("subscription", "ends_at_period_end")
    op.drop_column("subscription", "current_period_end")
    op.drop_column("subscription", "customer_id")
    op.drop_column("subscription", "token")
    op.drop_constraint(
        op.f("fk_outbox_message_subscription_id_subscription"), "outbox_message", type_="foreignkey"
    )
    op.drop_column("outbox_message", "subscription_id")
    op.drop_table("heartbeat")
