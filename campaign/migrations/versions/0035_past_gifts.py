"""Gifts of other systems: past ones, with their ledger entries marked, and monthly ones that are charged there.

Locks: campaign, ledger_entry exclusively for a moment; the new columns have constant defaults, so no row is rewritten.
Processes of the previous version keep running: they do not know the new tables. Nothing is past until the new version
imports it; let none of the previous version run by then, because it would send webhooks about refunds only.
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_TOLD = "new.kind = ANY (ARRAY['payment'::text, 'refund'::text])"


def upgrade() -> None:
    """See above."""
    op.add_column("campaign", _flag("archive"))
    op.add_column("ledger_entry", _flag("past"))
    _replace_trigger(f"{_TOLD} AND NOT new.past")
    op.create_table(
        "past_gift",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("donation_id", sa.BigInteger(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        _text("donor_ref"),
        _text("plan_ref"),
        sa.Column("installment", sa.Integer(), nullable=True),
        _text("method"),
        _text("designation"),
        sa.Column("charge_id", sa.Text(), nullable=True),
        sa.Column("refunded", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        _flag("receipted_here"),
        _now("imported_at"),
        sa.CheckConstraint("system <> '' AND external_id <> ''", name=op.f("ck_past_gift_origin")),
        sa.CheckConstraint("refunded >= 0", name=op.f("ck_past_gift_refunded")),
        sa.CheckConstraint("installment > 0", name=op.f("ck_past_gift_installment")),
        sa.ForeignKeyConstraint(
            ["donation_id"], ["donation.id"], name=op.f("fk_past_gift_donation_id_donation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_gift")),
        sa.UniqueConstraint("charge_id", name=op.f("uq_past_gift_charge_id")),
        sa.UniqueConstraint("donation_id", name=op.f("uq_past_gift_donation_id")),
        sa.UniqueConstraint("system", "external_id", name=op.f("uq_past_gift_system_external_id")),
    )
    op.create_index(
        "ix_past_gift_donor_ref",
        "past_gift",
        ["system", "donor_ref"],
        postgresql_where=sa.text("donor_ref <> ''"),
    )
    op.create_table(
        "gift_elsewhere",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("donor_id", sa.BigInteger(), nullable=False),
        sa.Column("frequency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        _text("processor"),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        _now("listed_at"),
        sa.CheckConstraint(
            "system <> '' AND external_id <> ''", name=op.f("ck_gift_elsewhere_origin")
        ),
        sa.CheckConstraint(
            "frequency IN ('one_time', 'monthly', 'yearly')",
            name=op.f("ck_gift_elsewhere_frequency"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_gift_elsewhere_amount")),
        sa.ForeignKeyConstraint(
            ["donor_id"], ["donor.id"], name=op.f("fk_gift_elsewhere_donor_id_donor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift_elsewhere")),
        sa.UniqueConstraint(
            "system", "external_id", name=op.f("uq_gift_elsewhere_system_external_id")
        ),
    )
    op.create_index("ix_gift_elsewhere_donor_id", "gift_elsewhere", ["donor_id"])


def downgrade() -> None:
    """Past gifts become ordinary ones without a receipt, which `campaign ledger check` reports."""
    op.drop_table("gift_elsewhere")
    op.drop_table("past_gift")
    _replace_trigger(_TOLD)
    op.drop_column("ledger_entry", "past")
    op.drop_column("campaign", "archive")


def _replace_trigger(condition: str) -> None:
    op.execute("DROP TRIGGER queue_donation_webhooks ON ledger_entry")
    op.execute(
        "CREATE TRIGGER queue_donation_webhooks AFTER INSERT ON ledger_entry FOR EACH ROW"
        f" WHEN ({condition}) EXECUTE FUNCTION queue_donation_webhooks()"
    )


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=sa.text("''"), nullable=False)


def _now(name: str) -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )
