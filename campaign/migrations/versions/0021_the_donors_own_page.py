"""The donor's own page: links by mail and short sessions.

Locks: none.
"""

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See above."""


def downgrade() -> None:
    """See above."""
