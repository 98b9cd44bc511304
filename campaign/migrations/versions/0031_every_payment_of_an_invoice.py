"""An invoice may be paid in parts, and by money that did not come through Stripe: every payment of it is kept.

Locks: invoice_payment exclusively while it is altered and its key is built anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See above."""
    op.alter_column("invoice_payment", "payment_intent_id", new_column_name="payment_id")
    op.add_column("invoice_payment", sa.Column("amount", sa.BigInteger(), nullable=True))
    op.drop_constraint(op.f("pk_invoice_payment"), "invoice_payment", type_="primary")
    op.create_primary_key(
        op.f("pk_invoice_payment"), "invoice_payment", ["invoice_id", "payment_id"]
    )
    op.create_check_constraint(op.f("ck_invoice_payment_amount"), "invoice_payment", "amount >= 0")
    op.create_index("ix_invoice_payment_payment_id", "invoice_payment", ["payment_id"])


def downgrade() -> None:
    """One payment for each invoice: the payment intent that was known first."""
    op.drop_index("ix_invoice_payment_payment_id", table_name="invoice_payment")
    op.drop_constraint(op.f("ck_invoice_payment_amount"), "invoice_payment", type_="check")
    op.drop_constraint(op.f("pk_invoice_payment"), "invoice_payment", type_="primary")
    op.execute(
        """
        DELETE FROM invoice_payment AS more WHERE starts_with(more.payment_id, 'pr_') OR EXISTS (
            SELECT FROM invoice_payment AS first WHERE first.invoice_id = more.invoice_id
                AND NOT starts_with(first.payment_id, 'pr_')
                AND (first.recorded_at, first.payment_id) < (more.recorded_at, more.payment_id))
        """
    )
    op.create_primary_key(op.f("pk_invoice_payment"), "invoice_payment", ["invoice_id"])
    op.drop_column("invoice_payment", "amount")
    op.alter_column("invoice_payment", "payment_id", new_column_name="payment_intent_id")
