"""What Stripe's balance got for gifts in another currency: settled amount, currency, rate and fee.

Locks: donation for an instant, against writes, for the foreign key of the new, empty table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

KINDS = (
    "payment",
    "payment_reversed",
    "refund",
    "refund_failed",
    "dispute",
    "dispute_reversed",
    "dispute_gain_loss",
)


def upgrade() -> None:
    """See above."""
    kinds = ", ".join(f"'{kind}'" for kind in KINDS)
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "conversion",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("donation_id", sa.BigInteger(), nullable=False),
        sa.Column("balance_transaction_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("settled_amount", sa.BigInteger(), nullable=False),
        sa.Column("settled_currency", sa.Text(), nullable=False),
        sa.Column("exchange_rate", sa.Numeric()),
        sa.Column("fee", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("converted_at", moment, nullable=False),
        sa.Column("recorded_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(f"kind IN ({kinds})", name=op.f("ck_conversion_kind")),
        sa.CheckConstraint("settled_amount <> 0", name=op.f("ck_conversion_amount")),
        sa.CheckConstraint("exchange_rate > 0", name=op.f("ck_conversion_rate")),
        sa.CheckConstraint(
            "currency ~ '^[a-z]{3}$' AND settled_currency ~ '^[a-z]{3}$' AND currency <> settled_currency",
            name=op.f("ck_conversion_currencies"),
        ),
        sa.ForeignKeyConstraint(
            ["donation_id"], ["donation.id"], name=op.f("fk_conversion_donation_id_donation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversion")),
        sa.UniqueConstraint(
            "balance_transaction_id", name=op.f("uq_conversion_balance_transaction_id")
        ),
    )
    for column in ("donation_id", "converted_at"):
        op.create_index(op.f(f"ix_conversion_{column}"), "conversion", [column])


def downgrade() -> None:
    """Without the table; `campaign reconcile --apply` fills it again."""
    op.drop_table("conversion")
