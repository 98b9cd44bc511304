"""What goes on is added up from an index, for the dashboard.

Locks: subscription while the index is made.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See above."""
    op.create_index(
        "ix_subscription_going_on",
        "subscription",
        ["campaign_id", "frequency"],
        postgresql_include=["amount"],
        postgresql_where=sa.text("state IN ('active', 'past_due')"),
    )


def downgrade() -> None:
    """Without the index."""
    op.drop_index("ix_subscription_going_on", table_name="subscription")
