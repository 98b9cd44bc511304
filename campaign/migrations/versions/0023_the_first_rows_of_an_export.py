"""Every export begins at once, of the whole house and of one campaign: indexes in its order.

A receipt keeps the campaign of its donation. The ledger's index carries what a report adds up.
Locks: receipt and ledger_entry while the indexes are made.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See above."""
    op.add_column("receipt", sa.Column("campaign_id", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE receipt SET campaign_id = donation.campaign_id FROM donation"
        " WHERE donation.id = receipt.donation_id"
    )
    op.alter_column("receipt", "campaign_id", nullable=False)
    op.create_foreign_key(
        op.f("fk_receipt_campaign_id_campaign"), "receipt", "campaign", ["campaign_id"], ["id"]
    )
    op.create_index("ix_receipt_issued_at", "receipt", ["issued_at", "id"])
    op.create_index("ix_receipt_campaign_id", "receipt", ["campaign_id", "issued_at", "id"])
    op.drop_index("ix_donation_campaign_id_created_at", table_name="donation")
    op.create_index("ix_donation_campaign_id", "donation", ["campaign_id", "created_at", "id"])
    op.drop_index("ix_ledger_entry_campaign_id_occurred_at", table_name="ledger_entry")
    op.create_index("ix_ledger_entry_recorded_at", "ledger_entry", ["recorded_at", "id"])
    op.create_index(
        "ix_ledger_entry_campaign_id",
        "ledger_entry",
        ["campaign_id", "recorded_at", "id"],
        postgresql_include=["kind", "amount", "cover", "fee"],
    )
    op.create_index(
        "ix_ledger_entry_uncounted_payment",
        "ledger_entry",
        ["occurred_at"],
        postgresql_where=sa.text("campaign_id IS NULL AND kind = 'payment'"),
    )


def downgrade() -> None:
    """The indexes as they were."""
    op.drop_index("ix_ledger_entry_uncounted_payment", table_name="ledger_entry")
    op.drop_index("ix_ledger_entry_campaign_id", table_name="ledger_entry")
    op.drop_index("ix_ledger_entry_recorded_at", table_name="ledger_entry")
    op.create_index(
        "ix_ledger_entry_campaign_id_occurred_at", "ledger_entry", ["campaign_id", "occurred_at"]
    )
    op.drop_index("ix_donation_campaign_id", table_name="donation")
    op.create_index("ix_donation_campaign_id_created_at", "donation", ["campaign_id", "created_at"])
    op.drop_column("receipt", "campaign_id")
    op.drop_index("ix_receipt_issued_at", table_name="receipt")
