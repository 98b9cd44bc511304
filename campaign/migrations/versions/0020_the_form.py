"""The form: cards for those who are honored, shared computers, a monthly gift that was declined with thanks.

Locks: donation briefly; its new columns are constants, so no row is rewritten.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_EMPTY = sa.text("''")


def upgrade() -> None:
    """See above."""
    op.create_table(
        "tribute_card",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("donation_id", sa.BigInteger(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), server_default=_EMPTY, nullable=False),
        sa.Column("address", sa.Text(), server_default=_EMPTY, nullable=False),
        sa.Column("message", sa.Text(), server_default=_EMPTY, nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("way IN ('email', 'post')", name=op.f("ck_tribute_card_way")),
        sa.CheckConstraint("(way = 'email') = (email <> '')", name=op.f("ck_tribute_card_email")),
        sa.CheckConstraint(
            "(way = 'post') = (address <> '')", name=op.f("ck_tribute_card_address")
        ),
        sa.ForeignKeyConstraint(
            ["donation_id"], ["donation.id"], name=op.f("fk_tribute_card_donation_id_donation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tribute_card")),
        sa.UniqueConstraint("donation_id", name=op.f("uq_tribute_card_donation_id")),
    )
    op.create_index(
        "ix_tribute_card_email",
        "tribute_card",
        [sa.text("lower(email)")],
        postgresql_where=sa.text("email <> ''"),
    )
    op.create_index(
        "ix_tribute_card_unposted",
        "tribute_card",
        ["id"],
        postgresql_where=sa.text("way = 'post' AND posted_at IS NULL"),
    )
    op.add_column(
        "donation",
        sa.Column("shared_computer", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("donation", sa.Column("page_closed_at", sa.DateTime(timezone=True)))
    op.add_column("donation", sa.Column("offer_declined_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """See above."""
    for column in ("offer_declined_at", "page_closed_at", "shared_computer"):
        op.drop_column("donation", column)
    op.drop_table("tribute_card")
