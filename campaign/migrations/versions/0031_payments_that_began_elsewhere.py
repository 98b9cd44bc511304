"""Payments that began elsewhere: staff take them in, or leave them alone; and every payment of an invoice is kept.

An invoice may be paid in parts, and by money that did not come through Stripe.
Locks: invoice_payment exclusively while it is altered and its key is built anew.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

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
    op.create_table(
        "left_alone",
        sa.Column("stripe_id", sa.Text(), nullable=False),
        sa.Column("left_by", sa.Text(), nullable=False),
        _now("left_at"),
        sa.PrimaryKeyConstraint("stripe_id", name=op.f("pk_left_alone")),
    )
    op.create_table(
        "adoption_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        _moment("since"),
        _moment("until"),
        _default("search", sa.Text(), "''"),
        _default("names", JSONB(), "'[]'"),
        _default("email", sa.Text(), "''"),
        _default("receipts", sa.Text(), "'newest'"),
        _default("looked_at", sa.Integer(), "0"),
        _default("done", sa.Integer(), "0"),
        _default("known", sa.Integer(), "0"),
        _default("refused", sa.Integer(), "0"),
        _default("refusals", JSONB(), "'[]'"),
        sa.Column("error", sa.Text(), nullable=True),
        _now("created_at"),
        _moment("lease_until"),
        _moment("finished_at"),
        sa.CheckConstraint(
            "action IN ('take_in', 'leave_alone')", name=op.f("ck_adoption_run_action")
        ),
        sa.CheckConstraint(
            "kind IN ('payment', 'subscription')", name=op.f("ck_adoption_run_kind")
        ),
        sa.CheckConstraint(
            "receipts IN ('newest', 'all', 'none')", name=op.f("ck_adoption_run_receipts")
        ),
        sa.CheckConstraint(
            "(action = 'take_in') = (campaign_id IS NOT NULL)",
            name=op.f("ck_adoption_run_campaign_id"),
        ),
        sa.CheckConstraint(
            "looked_at >= 0 AND done >= 0 AND known >= 0 AND refused >= 0",
            name=op.f("ck_adoption_run_counts"),
        ),
        sa.CheckConstraint(
            "finished_at IS NULL OR (search = '' AND email = '')",
            name=op.f("ck_adoption_run_forgotten"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_adoption_run_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adoption_run")),
    )
    op.create_index(
        "ix_adoption_run_waiting",
        "adoption_run",
        ["id"],
        postgresql_where=sa.text("finished_at IS NULL"),
    )


def _default(name: str, kind: sa.types.TypeEngine[Any], value: str) -> sa.Column[Any]:
    return sa.Column(name, kind, server_default=sa.text(value), nullable=False)


def _moment(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _now(name: str) -> sa.Column[Any]:
    return _default(name, sa.DateTime(timezone=True), "now()")


def downgrade() -> None:
    """One payment for each invoice: the payment intent that was known first."""
    op.drop_table("adoption_run")
    op.drop_table("left_alone")
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
