"""Payouts, and what comparing with Stripe has found.

Locks: nothing; every table is new.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payout",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stripe_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("arrival_date", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("itemized", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("failed_on", sa.Date(), nullable=True),
        sa.Column("items_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_payout_stripe_id")),
    )
    op.create_index(op.f("ix_payout_arrival_date"), "payout", ["arrival_date"], unique=False)
    op.create_table(
        "reconciliation_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("applied", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("differing", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("mended", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "differences",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "differing >= 0 AND mended >= 0", name=op.f("ck_reconciliation_run_counts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_run")),
    )
    op.create_index(
        op.f("ix_reconciliation_run_started_at"), "reconciliation_run", ["started_at"], unique=False
    )
    op.create_table(
        "payout_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("payout_id", sa.BigInteger(), nullable=False),
        sa.Column("balance_transaction_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("donation_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["donation_id"], ["donation.id"], name=op.f("fk_payout_item_donation_id_donation")
        ),
        sa.ForeignKeyConstraint(
            ["payout_id"], ["payout.id"], name=op.f("fk_payout_item_payout_id_payout")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_item")),
        sa.UniqueConstraint(
            "balance_transaction_id", name=op.f("uq_payout_item_balance_transaction_id")
        ),
    )
    op.create_index(op.f("ix_payout_item_payout_id"), "payout_item", ["payout_id"], unique=False)
    op.create_index(op.f("ix_payout_item_source"), "payout_item", ["source"], unique=False)
    op.create_index(
        "ix_payout_item_other",
        "payout_item",
        ["created_at"],
        postgresql_where=sa.text(
            "kind <> ALL (ARRAY['charge', 'payment', 'refund', 'payment_refund', 'refund_failure',"
            " 'payment_failure_refund', 'payment_reversal', 'adjustment'])"
        ),
    )
    op.create_index(
        "ix_payout_item_unmatched",
        "payout_item",
        ["created_at"],
        postgresql_where=sa.text("donation_id IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_payout_item_unmatched", table_name="payout_item")
    op.drop_index("ix_payout_item_other", table_name="payout_item")
    op.drop_index(op.f("ix_payout_item_source"), table_name="payout_item")
    op.drop_index(op.f("ix_payout_item_payout_id"), table_name="payout_item")
    op.drop_table("payout_item")
    op.drop_index(op.f("ix_reconciliation_run_started_at"), table_name="reconciliation_run")
    op.drop_table("reconciliation_run")
    op.drop_index(op.f("ix_payout_arrival_date"), table_name="payout")
    op.drop_table("payout")
