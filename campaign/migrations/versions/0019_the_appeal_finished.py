"""The appeal, finished: the house's look, texts by language, milestones, the donor wall.

Locks: campaign, briefly; every table is new.
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")
_COLOUR = "'^#[0-9a-f]{6}$'"
_BOTH = "(accent_light IS NULL) = (accent_dark IS NULL)"
_COLOURS = f"accent_light ~ {_COLOUR} AND accent_dark ~ {_COLOUR}"


def upgrade() -> None:
    """See above."""
    _add_to_campaign()
    op.create_table(
        "house",
        sa.Column("id", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("accent_light", sa.Text(), nullable=True),
        sa.Column("accent_dark", sa.Text(), nullable=True),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.Column("logo_type", sa.Text(), nullable=True),
        sa.Column("logo_digest", sa.Text(), nullable=True),
        _words("logo_alt"),
        _words("masthead"),
        _words("footer"),
        _switch("wall_by_default"),
        _moment("changed_at", needed=True, default=_NOW),
        sa.CheckConstraint("id = 1", name=op.f("ck_house_only_one")),
        sa.CheckConstraint(_BOTH, name=op.f("ck_house_accents")),
        sa.CheckConstraint(_COLOURS, name=op.f("ck_house_colours")),
        sa.CheckConstraint(
            "(logo IS NULL) = (logo_type IS NULL) AND (logo IS NULL) = (logo_digest IS NULL)",
            name=op.f("ck_house_logo"),
        ),
        sa.CheckConstraint("logo IS NULL OR logo_alt <> ''", name=op.f("ck_house_logo_alt")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_house")),
    )
    op.create_table(
        "campaign_text",
        _campaign(),
        sa.Column("locale", sa.Text(), nullable=False),
        _words("title"),
        _words("appeal"),
        _words("thanks"),
        _moment("changed_at", needed=True, default=_NOW),
        _of_campaign("campaign_text"),
        sa.PrimaryKeyConstraint("campaign_id", "locale", name=op.f("pk_campaign_text")),
    )
    op.create_table(
        "milestone",
        _campaign(),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=False),
        _moment("reached_at", needed=True),
        sa.Column("raised", sa.BigInteger(), nullable=False),
        _moment("recorded_at", needed=True, default=_NOW),
        sa.CheckConstraint(
            "mark IN ('quarter', 'half', 'three_quarters', 'goal', 'stretch')",
            name=op.f("ck_milestone_mark"),
        ),
        _of_campaign("milestone"),
        sa.PrimaryKeyConstraint("campaign_id", "mark", "target", name=op.f("pk_milestone")),
    )
    _add_wall()


def _add_wall() -> None:
    op.create_table(
        "wall_entry",
        sa.Column("donation_id", sa.BigInteger(), nullable=False),
        _campaign(),
        sa.Column("first_name", sa.Text(), nullable=False),
        _words("place"),
        _words("comment"),
        sa.Column("comment_state", sa.Text(), server_default=sa.text("'none'"), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        _moment("consent_at", needed=True),
        _moment("hidden_at"),
        sa.CheckConstraint("first_name <> ''", name=op.f("ck_wall_entry_first_name")),
        sa.CheckConstraint(
            "comment_state IN ('none', 'waiting', 'approved', 'hidden')",
            name=op.f("ck_wall_entry_comment_state"),
        ),
        sa.CheckConstraint(
            "(comment = '') = (comment_state = 'none')", name=op.f("ck_wall_entry_comment")
        ),
        sa.ForeignKeyConstraint(
            ["donation_id"], ["donation.id"], name=op.f("fk_wall_entry_donation_id_donation")
        ),
        _of_campaign("wall_entry"),
        sa.PrimaryKeyConstraint("donation_id", name=op.f("pk_wall_entry")),
    )
    op.create_index("ix_wall_entry_campaign_id", "wall_entry", ["campaign_id", "donation_id"])
    op.create_index(
        "ix_wall_entry_waiting",
        "wall_entry",
        ["donation_id"],
        postgresql_where=sa.text("comment_state = 'waiting' AND hidden_at IS NULL"),
    )


def _add_to_campaign() -> None:
    for column in (
        sa.Column("accent_light", sa.Text(), nullable=True),
        sa.Column("accent_dark", sa.Text(), nullable=True),
        _words("organization_line"),
        sa.Column("locale", sa.Text(), server_default=sa.text("'en'"), nullable=False),
        _words("thanks"),
        _switch("wall_shown"),
        _switch("figures_hidden"),
        sa.Column("figures_from_percent", sa.SmallInteger(), nullable=True),
    ):
        op.add_column("campaign", column)
    op.create_check_constraint(op.f("ck_campaign_accents"), "campaign", _BOTH)
    op.create_check_constraint(op.f("ck_campaign_colours"), "campaign", _COLOURS)
    op.create_check_constraint(
        op.f("ck_campaign_figures_from_percent"),
        "campaign",
        "figures_from_percent BETWEEN 1 AND 100",
    )


def downgrade() -> None:
    """See above."""
    for table in ("wall_entry", "milestone", "campaign_text", "house"):
        op.drop_table(table)
    for constraint in ("figures_from_percent", "colours", "accents"):
        op.drop_constraint(op.f(f"ck_campaign_{constraint}"), "campaign", type_="check")
    for column in (
        "figures_from_percent",
        "figures_hidden",
        "wall_shown",
        "thanks",
        "locale",
        "organization_line",
        "accent_dark",
        "accent_light",
    ):
        op.drop_column("campaign", column)


def _campaign() -> sa.Column[int]:
    return sa.Column("campaign_id", sa.BigInteger(), nullable=False)


def _of_campaign(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["campaign_id"], ["campaign.id"], name=op.f(f"fk_{table}_campaign_id_campaign")
    )


def _words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=sa.text("''"), nullable=False)


def _switch(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False)


def _moment(
    name: str, *, needed: bool = False, default: sa.TextClause | None = None
) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not needed)
