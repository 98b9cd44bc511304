"""Envelopes, deposits, notes, merges, and what staff have looked at.

Locks: donor, briefly.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "deposit_batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column(
            "opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deposited_on", sa.Date(), nullable=True),
        sa.Column("bank_reference", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint(
            "(closed_at IS NULL) = (closed_by IS NULL)", name=op.f("ck_deposit_batch_closed")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deposit_batch")),
    )
    op.create_index(
        "uq_deposit_batch_lower_name",
        "deposit_batch",
        [sa.literal_column("lower(name)")],
        unique=True,
    )
    op.create_table(
        "review_mark",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("marked_by", sa.Text(), nullable=False),
        sa.Column(
            "marked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_mark")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_review_mark_kind_key")),
    )
    op.create_table(
        "donor_merge",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kept_id", sa.BigInteger(), nullable=False),
        sa.Column("merged_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "carried",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("merged_by", sa.Text(), nullable=False),
        sa.Column(
            "merged_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(undone_at IS NULL) = (undone_by IS NULL)", name=op.f("ck_donor_merge_undone")
        ),
        sa.CheckConstraint("kept_id <> merged_id", name=op.f("ck_donor_merge_two")),
        sa.ForeignKeyConstraint(
            ["kept_id"], ["donor.id"], name=op.f("fk_donor_merge_kept_id_donor")
        ),
        sa.ForeignKeyConstraint(
            ["merged_id"], ["donor.id"], name=op.f("fk_donor_merge_merged_id_donor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_donor_merge")),
    )
    op.create_index(op.f("ix_donor_merge_kept_id"), "donor_merge", ["kept_id"], unique=False)
    op.create_index(
        "uq_donor_merge_standing",
        "donor_merge",
        ["merged_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_table(
        "note",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("donor_id", sa.BigInteger(), nullable=True),
        sa.Column("donation_id", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column(
            "written_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("text <> ''", name=op.f("ck_note_text")),
        sa.CheckConstraint(
            "(donor_id IS NULL) <> (donation_id IS NULL)", name=op.f("ck_note_about")
        ),
        sa.ForeignKeyConstraint(
            ["donation_id"], ["donation.id"], name=op.f("fk_note_donation_id_donation")
        ),
        sa.ForeignKeyConstraint(["donor_id"], ["donor.id"], name=op.f("fk_note_donor_id_donor")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    op.create_index(op.f("ix_note_donation_id"), "note", ["donation_id"], unique=False)
    op.create_index(op.f("ix_note_donor_id"), "note", ["donor_id"], unique=False)
    op.create_table(
        "offline_gift",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("donation_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("postmarked_on", sa.Date(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("entry_token", sa.Text(), nullable=True),
        sa.Column("bounced_on", sa.Date(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('cheque', 'cash', 'donor_advised_fund', 'stock')",
            name=op.f("ck_offline_gift_kind"),
        ),
        sa.CheckConstraint("reference <> ''", name=op.f("ck_offline_gift_reference")),
        sa.CheckConstraint(
            "postmarked_on <= received_on", name=op.f("ck_offline_gift_postmarked_on")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["deposit_batch.id"], name=op.f("fk_offline_gift_batch_id_deposit_batch")
        ),
        sa.ForeignKeyConstraint(
            ["donation_id"], ["donation.id"], name=op.f("fk_offline_gift_donation_id_donation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offline_gift")),
        sa.UniqueConstraint("donation_id", name=op.f("uq_offline_gift_donation_id")),
        sa.UniqueConstraint("entry_token", name=op.f("uq_offline_gift_entry_token")),
    )
    op.create_index(op.f("ix_offline_gift_batch_id"), "offline_gift", ["batch_id"], unique=False)
    op.create_index("ix_offline_gift_received_on", "offline_gift", ["received_on"], unique=False)
    op.create_index(
        "uq_offline_gift_lower_reference",
        "offline_gift",
        [sa.literal_column("lower(reference)")],
        unique=True,
    )
    op.add_column("donor", sa.Column("merged_into_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_donor_merged_into_id",
        "donor",
        ["merged_into_id"],
        unique=False,
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_donor_merged_into_id_donor"), "donor", "donor", ["merged_into_id"], ["id"]
    )
    op.create_check_constraint(op.f("ck_donor_merged_into_id"), "donor", "merged_into_id <> id")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_donor_merged_into_id"), "donor", type_="check")
    op.drop_constraint(op.f("fk_donor_merged_into_id_donor"), "donor", type_="foreignkey")
    op.drop_index(
        "ix_donor_merged_into_id",
        table_name="donor",
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )
    op.drop_column("donor", "merged_into_id")
    op.drop_index("uq_offline_gift_lower_reference", table_name="offline_gift")
    op.drop_index("ix_offline_gift_received_on", table_name="offline_gift")
    op.drop_index(op.f("ix_offline_gift_batch_id"), table_name="offline_gift")
    op.drop_table("offline_gift")
    op.drop_index(op.f("ix_note_donor_id"), table_name="note")
    op.drop_index(op.f("ix_note_donation_id"), table_name="note")
    op.drop_table("note")
    op.drop_index(
        "uq_donor_merge_standing",
        table_name="donor_merge",
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.drop_index(op.f("ix_donor_merge_kept_id"), table_name="donor_merge")
    op.drop_table("donor_merge")
    op.drop_table("review_mark")
    op.drop_index("uq_deposit_batch_lower_name", table_name="deposit_batch")
    op.drop_table("deposit_batch")
