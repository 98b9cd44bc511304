"""The mail server's refusals in a row, and the times in which sending was stopped because it refused everybody.

Locks: none that matters; only new tables are written. Processes of the previous version keep running: they do not know
the new tables, and send while sending is stopped.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_LANE = "lane IN ('bulk', 'single')"


def upgrade() -> None:
    """See above."""
    op.create_table(
        "mail_refusal",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("refusal_key", sa.Text(), nullable=False),
        sa.Column("superseded", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("suppression_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(_LANE, name=op.f("ck_mail_refusal_lane")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_mail_refusal")),
    )
    op.create_index("ix_mail_refusal_lane", "mail_refusal", ["lane"])
    op.create_table(
        "mail_outage",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("refusal_key", sa.Text(), nullable=False),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("probe_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("probes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(_LANE, name=op.f("ck_mail_outage_lane")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_outage")),
    )
    op.create_index(
        "uq_mail_outage_lane",
        "mail_outage",
        ["lane"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index("ix_mail_outage_opened_at", "mail_outage", ["opened_at"])


def downgrade() -> None:
    """Without the tables, what is stopped is sent again."""
    op.drop_table("mail_outage")
    op.drop_table("mail_refusal")
