"""Files of other systems that staff upload: checked, imported by a worker, then forgotten.

Locks: none but of the new tables.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See above."""
    op.create_table(
        "file_import",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        _default("options", JSONB(), "'{}'"),
        _default("state", sa.Text(), "'checking'"),
        _default("rows", sa.Integer(), "0"),
        _default("report", JSONB(), "'{}'"),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=False),
        _default("created_at", sa.DateTime(timezone=True), "now()"),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('checking', 'checked', 'importing', 'done', 'failed')",
            name=op.f("ck_file_import_state"),
        ),
        sa.CheckConstraint("size > 0 AND rows >= 0", name=op.f("ck_file_import_counts")),
        sa.CheckConstraint(
            "(state IN ('done', 'failed')) = (finished_at IS NOT NULL)",
            name=op.f("ck_file_import_finished"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_import")),
    )
    op.create_index(
        "ix_file_import_waiting",
        "file_import",
        ["id"],
        postgresql_where=sa.text("state IN ('checking', 'importing')"),
    )
    op.create_table(
        "file_import_part",
        sa.Column("file_import_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_import_id"],
            ["file_import.id"],
            name=op.f("fk_file_import_part_file_import_id_file_import"),
        ),
        sa.PrimaryKeyConstraint("file_import_id", "number", name=op.f("pk_file_import_part")),
    )


def _default(name: str, kind: sa.types.TypeEngine[Any], value: str) -> sa.Column[Any]:
    return sa.Column(name, kind, server_default=sa.text(value), nullable=False)


def downgrade() -> None:
    """Forget the files and what became of them; what they imported stays."""
    op.drop_table("file_import_part")
    op.drop_table("file_import")
