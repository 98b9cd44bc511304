"""Sessions that forms opened at Stripe, cards declined in them, attempts a minute, and sieges.

Locks: none that matters; only new tables are written. Processes of the previous version keep running: they open
sessions without a row here, which costs their readers nothing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """See above."""
    op.create_table(
        "session_opening",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("donation_id", sa.BigInteger(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("honest", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bad_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_session_opening_amount")),
        sa.CheckConstraint(
            "ended_at IS NULL OR bad_at IS NOT NULL", name=op.f("ck_session_opening_ended")
        ),
        sa.ForeignKeyConstraint(
            ["donation_id"], ["donation.id"], name=op.f("fk_session_opening_donation_id_donation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_opening")),
        sa.UniqueConstraint("session_id", name=op.f("uq_session_opening_session_id")),
    )
    op.create_index("ix_session_opening_opened_at", "session_opening", ["opened_at"])
    for name in ("network", "prefix", "mailbox"):
        op.create_index(f"ix_session_opening_{name}", "session_opening", [name, "opened_at"])
    op.create_index("ix_session_opening_donation_id", "session_opening", ["donation_id"])
    op.create_index(
        "ix_session_opening_bad",
        "session_opening",
        ["id"],
        postgresql_where=sa.text("bad_at IS NOT NULL AND ended_at IS NULL"),
    )
    op.create_table(
        "card_decline",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("charge_id", sa.Text(), nullable=False),
        sa.Column("opening_id", sa.BigInteger(), nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("declined_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["opening_id"],
            ["session_opening.id"],
            name=op.f("fk_card_decline_opening_id_session_opening"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_decline")),
        sa.UniqueConstraint("charge_id", name=op.f("uq_card_decline_charge_id")),
    )
    op.create_index("ix_card_decline_declined_at", "card_decline", ["declined_at"])
    op.create_index("ix_card_decline_opening_id", "card_decline", ["opening_id"])
    op.create_table(
        "attempt_count",
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("held", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("held BETWEEN 0 AND attempts", name=op.f("ck_attempt_count_held")),
        sa.PrimaryKeyConstraint("minute", name=op.f("pk_attempt_count")),
    )
    _sieges()


def _sieges() -> None:
    op.create_table(
        "siege",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "began_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("began_by", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("scope IN ('scripts', 'everyone')", name=op.f("ck_siege_scope")),
        sa.CheckConstraint(
            "ended_at IS NULL OR ended_at >= began_at", name=op.f("ck_siege_ended_at")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_siege")),
    )
    op.create_index(
        "uq_siege_open",
        "siege",
        [sa.text("(true)")],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_siege_began_at", "siege", ["began_at"])


def downgrade() -> None:
    """Without the tables, nothing is known of an attack in progress."""
    for name in ("siege", "attempt_count", "card_decline", "session_opening"):
        op.drop_table(name)
