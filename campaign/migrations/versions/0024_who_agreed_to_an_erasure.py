"""A request to be removed that staff have agreed to: a worker carries it out.

Locks: erasure_request, for an instant.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See above."""
    op.add_column(
        "erasure_request", sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "erasure_request",
        sa.Column("approved_by", sa.Text(), server_default=sa.text("''"), nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_erasure_request_approved"),
        "erasure_request",
        "(approved_at IS NULL) = (approved_by = '')",
    )


def downgrade() -> None:
    """Who agreed is forgotten; the requests wait for staff again."""
    op.drop_constraint(op.f("ck_erasure_request_approved"), "erasure_request")
    op.drop_column("erasure_request", "approved_by")
    op.drop_column("erasure_request", "approved_at")
