"""Gains and losses on disputes, as a kind of ledger entry that moves no gift; whether a dispute was appealed.

Processes of the previous version can go on: they write neither.
Locks: ledger_entry, read once for its two checks; dispute for an instant.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

MOVING = ["payment", "payment_reversed", "refund", "refund_failed", "dispute", "dispute_reversed"]
NEW = "dispute_gain_loss"


def upgrade() -> None:
    """See above."""
    _check_kinds([*MOVING, NEW, "fee", "correction"], ["fee", NEW])
    op.add_column(
        "dispute",
        sa.Column("appealed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )


def downgrade() -> None:
    """The gains and losses become fees, so that the sums in the bank's currency stay what they were."""
    op.drop_column("dispute", "appealed")
    # The guard is meant for programs, not for this renaming.
    op.execute("ALTER TABLE ledger_entry DISABLE TRIGGER USER")
    op.execute(
        f"UPDATE ledger_entry SET kind = 'fee', source = '{NEW}:' || source WHERE kind = '{NEW}'"  # noqa: S608 - a constant
    )
    op.execute("ALTER TABLE ledger_entry ENABLE TRIGGER USER")
    _check_kinds([*MOVING, "fee", "correction"], ["fee"])


def _check_kinds(kinds: list[str], amountless: list[str]) -> None:
    op.drop_constraint(op.f("ck_ledger_entry_kind"), "ledger_entry", type_="check")
    op.drop_constraint(op.f("ck_ledger_entry_fee"), "ledger_entry", type_="check")
    op.create_check_constraint(
        op.f("ck_ledger_entry_kind"), "ledger_entry", f"kind IN ({_listed(kinds)})"
    )
    op.create_check_constraint(
        op.f("ck_ledger_entry_fee"),
        "ledger_entry",
        f"kind NOT IN ({_listed(amountless)}) OR (amount = 0 AND fee_cover = 0)",
    )


def _listed(words: list[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)
