"""Settled discrepancies, restores with the receipt numbers given since the backup, and notes to write at Stripe.

Locks: stripe_request while its partial index is made; it holds two rows per gift. Processes of the previous version
keep running: they do not know the new tables, and nothing they write changes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See above."""
    op.create_table(
        "settled_discrepancy",
        sa.Column("discrepancy_id", sa.Text(), nullable=False),
        sa.Column("donation", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("settled_by", sa.Text(), nullable=False),
        sa.Column(
            "settled_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("btrim(reason) <> ''", name=op.f("ck_settled_discrepancy_reason")),
        sa.PrimaryKeyConstraint("discrepancy_id", name=op.f("pk_settled_discrepancy")),
    )
    op.create_table(
        "restoration",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("backup_made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "restored_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("numbers_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restoration")),
    )
    op.create_table(
        "reserved_receipt",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("donation", sa.Text(), nullable=True),
        sa.CheckConstraint("sequence > 0", name=op.f("ck_reserved_receipt_sequence")),
        sa.PrimaryKeyConstraint("year", "sequence", name=op.f("pk_reserved_receipt")),
    )
    op.create_index("ix_reserved_receipt_donation", "reserved_receipt", ["donation"])
    op.create_index(
        "ix_stripe_request_unsent_note",
        "stripe_request",
        ["id"],
        postgresql_where=sa.text(
            "operation = 'payment_note' AND answered_at IS NULL AND error IS NULL"
        ),
    )


def downgrade() -> None:
    """What was settled is reported again, and numbers reserved for gifts that are not restored yet are free."""
    op.drop_index("ix_stripe_request_unsent_note", table_name="stripe_request")
    op.drop_table("reserved_receipt")
    op.drop_table("restoration")
    op.drop_table("settled_discrepancy")
