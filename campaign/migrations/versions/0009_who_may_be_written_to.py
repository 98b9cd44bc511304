"""Who may be written to, the steps of a campaign's countdown, and donors known by post only.

Locks: campaign, donation, donor and receipt briefly.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# The defaults as they were when this was written; new campaigns get theirs from services.steps.
STEPS = """
    INSERT INTO campaign_step (campaign_id, key, anchor, "offset", expires_after)
    SELECT campaign.id, step.* FROM campaign CROSS JOIN (VALUES
        ('opening', 'opening', 0, NULL),
        ('nine_days', 'days_before', 9, NULL),
        ('seven_days', 'days_before', 7, NULL),
        ('three_days', 'days_before', 3, NULL),
        ('two_days', 'days_before', 2, NULL),
        ('last_day', 'hours_before', 24, NULL),
        ('last_hours', 'hours_before', 4, NULL),
        ('wrap_up', 'after_end', 0, 168)
    ) AS step (key, anchor, "offset", expires_after)
"""


def upgrade() -> None:
    op.create_table(
        "subscriber",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("locale", sa.Text(), server_default=sa.text("'en'"), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("consent_source", sa.Text(), nullable=False),
        sa.Column("consent_wording", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("consent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriber")),
    )
    op.create_index(
        "uq_subscriber_lower_email", "subscriber", [sa.literal_column("lower(email)")], unique=True
    )
    op.create_table(
        "campaign_step",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("anchor", sa.Text(), nullable=False),
        sa.Column("offset", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("expires_after", sa.Integer(), nullable=True),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "texts",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "anchor IN ('opening', 'days_before', 'hours_before', 'after_end')",
            name=op.f("ck_campaign_step_anchor"),
        ),
        sa.CheckConstraint('"offset" >= 0', name=op.f("ck_campaign_step_offset")),
        sa.CheckConstraint("expires_after > 0", name=op.f("ck_campaign_step_expires_after")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_step_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_step")),
        sa.UniqueConstraint("campaign_id", "key", name=op.f("uq_campaign_step_campaign_id_key")),
    )
    op.create_table(
        "extension",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("previous_deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_extension_reason")),
        sa.CheckConstraint("deadline > previous_deadline", name=op.f("ck_extension_later")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_extension_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extension")),
        sa.UniqueConstraint(
            "campaign_id",
            "previous_deadline",
            name=op.f("uq_extension_campaign_id_previous_deadline"),
        ),
    )
    op.create_table(
        "reminder",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), server_default=sa.text("'en'"), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "choice IN ('tomorrow', 'three_days', 'last_day')", name=op.f("ck_reminder_choice")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_reminder_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
    )
    op.create_index("ix_reminder_due_at", "reminder", ["due_at"], unique=False)
    op.create_index(
        "uq_reminder_campaign_id",
        "reminder",
        ["campaign_id", sa.literal_column("lower(email)")],
        unique=True,
    )
    op.create_table(
        "suppression",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "email = lower(email) AND email <> ''", name=op.f("ck_suppression_email")
        ),
        sa.CheckConstraint(
            "reason IN ('unsubscribed', 'bounced', 'complained', 'refused', 'imported')",
            name=op.f("ck_suppression_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_suppression_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppression")),
    )
    op.create_index(
        "uq_suppression_email",
        "suppression",
        ["email"],
        unique=True,
        postgresql_where=sa.text("campaign_id IS NULL"),
    )
    op.create_index(
        "uq_suppression_email_campaign_id",
        "suppression",
        ["email", "campaign_id"],
        unique=True,
        postgresql_where=sa.text("campaign_id IS NOT NULL"),
    )
    op.add_column(
        "campaign",
        sa.Column("ask_past_donors", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "donation",
        sa.Column("consent_wording", sa.Text(), server_default=sa.text("''"), nullable=False),
    )
    op.add_column(
        "donor", sa.Column("address", sa.Text(), server_default=sa.text("''"), nullable=False)
    )
    op.add_column("receipt", sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("uq_donor_lower_email", table_name="donor")
    op.create_index(
        "uq_donor_lower_email",
        "donor",
        [sa.literal_column("lower(email)")],
        unique=True,
        postgresql_where=sa.text("email <> ''"),
    )
    op.execute(STEPS)


def downgrade() -> None:
    op.drop_index("uq_donor_lower_email", table_name="donor")
    op.create_index(
        "uq_donor_lower_email", "donor", [sa.literal_column("lower(email)")], unique=True
    )
    op.drop_column("receipt", "posted_at")
    op.drop_column("donor", "address")
    op.drop_column("donation", "consent_wording")
    op.drop_column("campaign", "ask_past_donors")
    op.drop_index(
        "uq_suppression_email_campaign_id",
        table_name="suppression",
        postgresql_where=sa.text("campaign_id IS NOT NULL"),
    )
    op.drop_index(
        "uq_suppression_email",
        table_name="suppression",
        postgresql_where=sa.text("campaign_id IS NULL"),
    )
    op.drop_table("suppression")
    op.drop_index("uq_reminder_campaign_id", table_name="reminder")
    op.drop_index("ix_reminder_due_at", table_name="reminder")
    op.drop_table("reminder")
    op.drop_table("extension")
    op.drop_table("campaign_step")
    op.drop_index("uq_subscriber_lower_email", table_name="subscriber")
    op.drop_table("subscriber")
