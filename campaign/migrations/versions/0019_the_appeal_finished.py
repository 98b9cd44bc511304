"""The appeal, finished: the house's look, texts by language, milestones, the donor wall.

Locks: none.
"""

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See above."""


def downgrade() -> None:
    """See above."""
