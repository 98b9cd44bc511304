"""Values kept for one signed-in browser of staff: one-time secrets, and forms sent after too long a time.

Locks: none that matters; only a new table is written. Processes of the previous version keep running: they keep such
values in the signed cookie.
"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See above."""
    op.create_table(
        "kept_value",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name=op.f("fk_kept_value_staff_id_staff_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_value")),
        sa.UniqueConstraint("digest", name=op.f("uq_kept_value_digest")),
    )
    op.create_index("ix_kept_value_staff_id", "kept_value", ["staff_id"])
    op.create_index("ix_kept_value_expires_at", "kept_value", ["expires_at"])


def downgrade() -> None:
    """Forget the values; who waits for one asks again."""
    op.drop_table("kept_value")
