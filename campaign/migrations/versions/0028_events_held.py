"""An event that cannot be applied as things are is held: seen by staff, and tried again for as long as it takes.

Locks: inbox_event while its rows are read once and the index of those that are due is built.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_STATES = ("received", "done", "ignored", "failed", "given_up")


def upgrade() -> None:
    """See above."""
    _allow(*_STATES, "held")
    _index("received", "failed", "held")


def downgrade() -> None:
    """Without the state: what is held is given up, which staff see as well."""
    op.execute("UPDATE inbox_event SET state = 'given_up' WHERE state = 'held'")
    _allow(*_STATES)
    _index("received", "failed")


def _allow(*states: str) -> None:
    listed = ", ".join(f"'{state}'" for state in states)
    op.drop_constraint(op.f("ck_inbox_event_state"), "inbox_event", type_="check")
    op.create_check_constraint(op.f("ck_inbox_event_state"), "inbox_event", f"state IN ({listed})")


def _index(*states: str) -> None:
    listed = ", ".join(f"'{state}'" for state in states)
    op.drop_index("ix_inbox_event_due", table_name="inbox_event")
    op.create_index(
        "ix_inbox_event_due",
        "inbox_event",
        ["next_attempt_at"],
        postgresql_where=sa.text(f"state IN ({listed})"),
    )
