"""Letters that are dropped, Stripe's own word for a monthly gift, and which payment paid an invoice.

Locks: outbox_message while its rows are checked; subscription briefly.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATES = "state IN ('queued', 'sending', 'sent', 'failed', 'dropped')"
STATES_BEFORE = "state IN ('queued', 'sending', 'sent', 'failed')"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_outbox_message_state"), "outbox_message", type_="check")
    op.create_check_constraint(op.f("ck_outbox_message_state"), "outbox_message", STATES)
    op.add_column("subscription", sa.Column("status", sa.Text(), nullable=True))
    op.create_table(
        "invoice_payment",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("payment_intent_id", sa.Text(), nullable=False),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("invoice_id", name=op.f("pk_invoice_payment")),
    )


def downgrade() -> None:
    op.drop_table("invoice_payment")
    op.drop_column("subscription", "status")
    op.execute("UPDATE outbox_message SET state = 'failed' WHERE state = 'dropped'")
    op.drop_constraint(op.f("ck_outbox_message_state"), "outbox_message", type_="check")
    op.create_check_constraint(op.f("ck_outbox_message_state"), "outbox_message", STATES_BEFORE)
