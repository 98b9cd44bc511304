"""Whether the address of a reminder is known to be the reader's, and the link that confirms it.

Reminders from before count as confirmed: they were asked for under the rules of then.

Locks: a short exclusive lock on `reminder`, which holds only reminders that were not sent yet. Processes of the
previous version keep running; their reminders wait for a confirmation that is asked for only when they are repeated.
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See above."""
    op.add_column("reminder", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("reminder", sa.Column("token", sa.Text(), nullable=True))
    op.execute("UPDATE reminder SET confirmed_at = created_at")
    op.create_unique_constraint(op.f("uq_reminder_token"), "reminder", ["token"])


def downgrade() -> None:
    """Forget the reminders that nobody confirmed."""
    op.execute("DELETE FROM reminder WHERE confirmed_at IS NULL")
    op.drop_constraint(op.f("uq_reminder_token"), "reminder", type_="unique")
    op.drop_column("reminder", "token")
    op.drop_column("reminder", "confirmed_at")
