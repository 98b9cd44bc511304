"""Campaigns, donors and their monthly and yearly gifts.

Locks: nothing; every table is new.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("goal", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_wall_clock", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("grace_days", sa.Integer(), server_default=sa.text("14"), nullable=False),
        sa.Column("suggested_amounts", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("smallest_amount", sa.BigInteger(), nullable=False),
        sa.Column("appeal", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name=op.f("ck_campaign_currency")),
        sa.CheckConstraint(
            "slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) <= 80",
            name=op.f("ck_campaign_slug"),
        ),
        sa.CheckConstraint("deadline > starts_at", name=op.f("ck_campaign_window")),
        sa.CheckConstraint("goal > 0", name=op.f("ck_campaign_goal")),
        sa.CheckConstraint("grace_days >= 0", name=op.f("ck_campaign_grace_days")),
        sa.CheckConstraint("smallest_amount > 0", name=op.f("ck_campaign_smallest_amount")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("slug", name=op.f("uq_campaign_slug")),
    )
    op.create_index(op.f("ix_campaign_deadline"), "campaign", ["deadline"], unique=False)
    op.create_table(
        "donor",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), server_default=sa.text("'en'"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_donor")),
    )
    op.create_index(
        "uq_donor_lower_email", "donor", [sa.literal_column("lower(email)")], unique=True
    )
    op.create_table(
        "subscription",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("stripe_id", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("donor_id", sa.BigInteger(), nullable=False),
        sa.Column("frequency", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("cover", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "frequency IN ('one_time', 'monthly', 'yearly')", name=op.f("ck_subscription_frequency")
        ),
        sa.CheckConstraint("state IN ('active', 'ended')", name=op.f("ck_subscription_state")),
        sa.CheckConstraint("amount > 0 AND cover >= 0", name=op.f("ck_subscription_amount")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_subscription_campaign_id_campaign")
        ),
        sa.ForeignKeyConstraint(
            ["donor_id"], ["donor.id"], name=op.f("fk_subscription_donor_id_donor")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
        sa.UniqueConstraint("stripe_id", name=op.f("uq_subscription_stripe_id")),
    )
    op.create_index(op.f("ix_subscription_donor_id"), "subscription", ["donor_id"], unique=False)


def downgrade() -> None:
    op.drop_table("subscription")
    op.drop_table("donor")
    op.drop_table("campaign")
