"""The database keeps what the outbox's table says of itself: an email of a step names the campaign, too.

Locks: outbox_message while its rows are read once.
"""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See above."""
    op.create_check_constraint(
        op.f("ck_outbox_message_step"),
        "outbox_message",
        "step_id IS NULL OR campaign_id IS NOT NULL",
    )


def downgrade() -> None:
    """Without the check."""
    op.drop_constraint(op.f("ck_outbox_message_step"), "outbox_message", type_="check")
