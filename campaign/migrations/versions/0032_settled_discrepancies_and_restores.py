"""Settled discrepancies, restores with the receipt numbers given since the backup, and notes to write at Stripe.

Locks: none that matters; only new tables are written. Processes of the previous version keep running: they do not know
the new tables, and nothing they write changes. The receipts that they issue meanwhile have no note at Stripe.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
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
    op.create_table(
        "receipt_note",
        sa.Column("receipt_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "requested_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payment_intent_id", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["receipt_id"], ["receipt.id"], name=op.f("fk_receipt_note_receipt_id_receipt")
        ),
        sa.PrimaryKeyConstraint("receipt_id", name=op.f("pk_receipt_note")),
    )
    op.create_index(
        "ix_receipt_note_unwritten",
        "receipt_note",
        ["receipt_id"],
        postgresql_where=sa.text("written_at IS NULL AND error IS NULL"),
    )
    # The highest number so far is known at Stripe from now on; earlier ones are below it.
    op.execute(
        "INSERT INTO receipt_note (receipt_id) SELECT receipt.id FROM receipt"
        " JOIN receipt_counter AS counter ON counter.year = receipt.year AND counter.last = receipt.sequence"
    )


def downgrade() -> None:
    """What was settled is reported again, and numbers reserved for gifts that are not restored yet are free."""
    op.drop_table("receipt_note")
    op.drop_table("reserved_receipt")
    op.drop_table("restoration")
    op.drop_table("settled_discrepancy")
