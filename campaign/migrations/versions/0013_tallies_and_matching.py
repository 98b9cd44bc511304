"""What the dashboard counts and what sponsors add; a stretch goal, a fund, a pause.

Locks: campaign, its sums and donation, briefly (a donation's comments are indexed: seconds at a million).
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "code_visit",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("visits", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_code_visit_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "code", "day", name=op.f("pk_code_visit")),
    )
    op.create_table(
        "gift_tally",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("gifts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("received", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("payments", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('hour', 'size', 'code', 'frequency')", name=op.f("ck_gift_tally_kind")
        ),
        sa.CheckConstraint("shard >= 0 AND shard < 16", name=op.f("ck_gift_tally_shard")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_gift_tally_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "kind", "key", "shard", name=op.f("pk_gift_tally")),
    )
    op.create_table(
        "matching_gift",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("sponsor", sa.Text(), nullable=False),
        sa.Column("pool", sa.BigInteger(), nullable=False),
        sa.Column("ratio_percent", sa.Integer(), server_default=sa.text("100"), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("sponsor <> ''", name=op.f("ck_matching_gift_sponsor")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_matching_gift_window")),
        sa.CheckConstraint("pool > 0", name=op.f("ck_matching_gift_pool")),
        sa.CheckConstraint(
            "ratio_percent > 0 AND ratio_percent <= 1000",
            name=op.f("ck_matching_gift_ratio_percent"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_matching_gift_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matching_gift")),
    )
    op.create_index("ix_matching_gift_campaign_id", "matching_gift", ["campaign_id"], unique=False)
    op.create_table(
        "matching_shard",
        sa.Column("matching_id", sa.BigInteger(), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("given", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("shard >= 0 AND shard < 16", name=op.f("ck_matching_shard_shard")),
        sa.ForeignKeyConstraint(
            ["matching_id"],
            ["matching_gift.id"],
            name=op.f("fk_matching_shard_matching_id_matching_gift"),
        ),
        sa.PrimaryKeyConstraint("matching_id", "shard", name=op.f("pk_matching_shard")),
    )
    op.add_column("campaign", sa.Column("stretch_goal", sa.BigInteger(), nullable=True))
    op.add_column(
        "campaign",
        sa.Column("fund", sa.Text(), server_default=sa.text("'General'"), nullable=False),
    )
    op.add_column("campaign", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("campaign", sa.Column("pause_reason", sa.Text(), nullable=True))
    op.add_column(
        "campaign_donor",
        sa.Column("gave_before", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "progress_shard",
        sa.Column("gave_before", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.create_check_constraint(op.f("ck_campaign_stretch_goal"), "campaign", "stretch_goal > goal")
    op.create_check_constraint(
        op.f("ck_campaign_paused"), "campaign", "(paused_at IS NULL) = (pause_reason IS NULL)"
    )
    op.drop_constraint(op.f("ck_extension_later"), "extension", type_="check")
    op.create_check_constraint(
        op.f("ck_extension_moved"), "extension", "deadline <> previous_deadline"
    )
    # Extended, closed early and extended again, a campaign may have the same end twice.
    op.drop_constraint(
        op.f("uq_extension_campaign_id_previous_deadline"), "extension", type_="unique"
    )
    op.create_index("ix_extension_campaign_id", "extension", ["campaign_id"])
    op.create_index(
        "ix_donation_comment",
        "donation",
        ["campaign_id", "id"],
        postgresql_where=sa.text("comment <> '' AND NOT anonymous"),
    )


def downgrade() -> None:
    op.drop_index("ix_donation_comment", table_name="donation")
    op.drop_index("ix_extension_campaign_id", table_name="extension")
    op.create_unique_constraint(
        op.f("uq_extension_campaign_id_previous_deadline"),
        "extension",
        ["campaign_id", "previous_deadline"],
    )
    op.drop_constraint(op.f("ck_extension_moved"), "extension", type_="check")
    op.create_check_constraint(
        op.f("ck_extension_later"), "extension", "deadline > previous_deadline"
    )
    op.drop_constraint(op.f("ck_campaign_paused"), "campaign", type_="check")
    op.drop_constraint(op.f("ck_campaign_stretch_goal"), "campaign", type_="check")
    op.drop_column("progress_shard", "gave_before")
    op.drop_column("campaign_donor", "gave_before")
    op.drop_column("campaign", "pause_reason")
    op.drop_column("campaign", "paused_at")
    op.drop_column("campaign", "fund")
    op.drop_column("campaign", "stretch_goal")
    op.drop_table("matching_shard")
    op.drop_index("ix_matching_gift_campaign_id", table_name="matching_gift")
    op.drop_table("matching_gift")
    op.drop_table("gift_tally")
    op.drop_table("code_visit")
