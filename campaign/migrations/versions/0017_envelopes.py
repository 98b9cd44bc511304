"""Envelopes: offline gifts, and the batches in which they are deposited.

Locks: donor, while an index is built over the rows without email.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# A gift is put into a batch, or taken out, under a lock that waits for whoever is closing it.
CLOSED_BATCHES = """
CREATE FUNCTION guard_deposit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE concerned bigint[];
BEGIN
    IF TG_TABLE_NAME = 'deposit_batch' THEN concerned := ARRAY[OLD.id];
    ELSIF TG_OP = 'INSERT' THEN concerned := ARRAY[NEW.batch_id];
    ELSIF TG_OP = 'DELETE' THEN concerned := ARRAY[OLD.batch_id];
    ELSIF OLD.batch_id IS DISTINCT FROM NEW.batch_id THEN concerned := ARRAY[OLD.batch_id, NEW.batch_id];
    END IF;
    PERFORM FROM deposit_batch WHERE id = ANY (concerned) ORDER BY id FOR SHARE;
    IF EXISTS (SELECT FROM deposit_batch WHERE id = ANY (concerned) AND closed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'A closed deposit batch stays as it is.' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER guard_batch BEFORE UPDATE OR DELETE ON deposit_batch FOR EACH ROW EXECUTE FUNCTION guard_deposit();
CREATE TRIGGER guard_gift BEFORE INSERT OR UPDATE OF batch_id OR DELETE ON offline_gift
    FOR EACH ROW EXECUTE FUNCTION guard_deposit();
"""


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
            "(closed_at IS NULL) = (closed_by IS NULL) AND (closed_at IS NULL) = (deposited_on IS NULL)",
            name=op.f("ck_deposit_batch_closed"),
        ),
        sa.CheckConstraint("name <> ''", name=op.f("ck_deposit_batch_name")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deposit_batch")),
    )
    op.create_index(
        "uq_deposit_batch_lower_name",
        "deposit_batch",
        [sa.literal_column("lower(name)")],
        unique=True,
    )
    op.create_table(
        "offline_gift",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("donation_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("postmarked_on", sa.Date(), nullable=True),
        sa.Column("described", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("entry_token", sa.Text(), nullable=True),
        sa.Column("bounced_on", sa.Date(), nullable=True),
        sa.Column("taken_back", sa.Text(), nullable=True),
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
        sa.CheckConstraint(
            "taken_back IN ('bounced', 'mistake', 'returned')",
            name=op.f("ck_offline_gift_taken_back"),
        ),
        sa.CheckConstraint(
            "(bounced_on IS NULL) = (taken_back IS NULL)", name=op.f("ck_offline_gift_bounced_on")
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
        postgresql_where=sa.text("taken_back IS DISTINCT FROM 'mistake'"),
    )
    op.execute(CLOSED_BATCHES)
    op.create_index(
        "ix_donor_lower_name_by_post",
        "donor",
        [sa.literal_column("lower(name)")],
        unique=False,
        postgresql_where=sa.text("email = ''"),
    )


def downgrade() -> None:
    op.drop_index("ix_donor_lower_name_by_post", table_name="donor")
    op.drop_index("uq_offline_gift_lower_reference", table_name="offline_gift")
    op.drop_index("ix_offline_gift_received_on", table_name="offline_gift")
    op.drop_index(op.f("ix_offline_gift_batch_id"), table_name="offline_gift")
    op.drop_table("offline_gift")
    op.drop_index("uq_deposit_batch_lower_name", table_name="deposit_batch")
    op.drop_table("deposit_batch")
    op.execute("DROP FUNCTION guard_deposit")
