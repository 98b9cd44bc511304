"""The appeal by post to readers in institutions.

Locks: none; the table is new.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")
_EMPTY = sa.text("''")


def upgrade() -> None:
    """See above."""
    op.create_table(
        "posted_appeal",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), server_default=_EMPTY, nullable=False),
        sa.Column("institution", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), server_default=sa.text("'en'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("printed_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posted_appeal")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_posted_appeal_campaign_id_campaign")
        ),
        sa.CheckConstraint(
            "name <> '' AND institution <> '' AND address <> ''",
            name=op.f("ck_posted_appeal_whole"),
        ),
        sa.UniqueConstraint("campaign_id", "code", name=op.f("uq_posted_appeal_campaign_id_code")),
    )
    op.create_index(
        "uq_posted_appeal_person",
        "posted_appeal",
        [
            "campaign_id",
            sa.text("lower(name)"),
            sa.text("lower(number)"),
            sa.text("lower(institution)"),
        ],
        unique=True,
    )


def downgrade() -> None:
    """See above."""
    op.drop_table("posted_appeal")
