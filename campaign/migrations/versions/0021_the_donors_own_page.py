"""The donor's own page: links by mail, short sessions, and requests to be removed.

Locks: nothing; every table is new.
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")
_OPEN = "done_at IS NULL AND withdrawn_at IS NULL"


def upgrade() -> None:
    """See above."""
    op.create_table(
        "donor_link",
        *_key_and_donor("donor_link"),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), server_default=sa.text("''"), nullable=False),
        _moment("created_at", needed=True, default=_NOW),
        _moment("expires_at", needed=True),
        _moment("used_at"),
        sa.CheckConstraint("purpose IN ('open', 'address')", name=op.f("ck_donor_link_purpose")),
        sa.CheckConstraint(
            "(purpose = 'address') = (email <> '')", name=op.f("ck_donor_link_email")
        ),
        sa.UniqueConstraint("digest", name=op.f("uq_donor_link_digest")),
    )
    op.create_table(
        "donor_session",
        *_key_and_donor("donor_session"),
        sa.Column("digest", sa.Text(), nullable=False),
        _moment("created_at", needed=True, default=_NOW),
        _moment("seen_at", needed=True, default=_NOW),
        _moment("expires_at", needed=True),
        _moment("ended_at"),
        sa.UniqueConstraint("digest", name=op.f("uq_donor_session_digest")),
    )
    op.create_table(
        "erasure_request",
        *_key_and_donor("erasure_request"),
        _moment("asked_at", needed=True, default=_NOW),
        _moment("done_at"),
        _moment("withdrawn_at"),
        sa.CheckConstraint(
            "done_at IS NULL OR withdrawn_at IS NULL", name=op.f("ck_erasure_request_ended")
        ),
    )
    for table in ("donor_link", "donor_session"):
        for column in ("donor_id", "expires_at"):
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    op.create_index(
        "uq_erasure_request_donor_id",
        "erasure_request",
        ["donor_id"],
        unique=True,
        postgresql_where=sa.text(_OPEN),
    )


def downgrade() -> None:
    """See above."""
    for table in ("erasure_request", "donor_session", "donor_link"):
        op.drop_table(table)


def _key_and_donor(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("donor_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["donor_id"], ["donor.id"], name=op.f(f"fk_{table}_donor_id_donor")
        ),
    ]


def _moment(
    name: str, *, needed: bool = False, default: sa.TextClause | None = None
) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not needed)
