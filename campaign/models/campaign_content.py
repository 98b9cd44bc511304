"""Content of the appeal page besides its total: branding, translated texts, milestones, the donor wall."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from campaign.models.base import Base, one_of

COLOR_PATTERN = "^#[0-9a-f]{6}$"


class MilestoneMark(StrEnum):
    """A quarter, a half, three quarters or all of the goal; and the stretch goal."""

    quarter = "quarter"
    half = "half"
    three_quarters = "three_quarters"
    goal = "goal"
    stretch = "stretch"


class CommentState(StrEnum):
    """The state of a donor wall comment: none left, waiting for review, approved or hidden."""

    none = "none"
    waiting = "waiting"
    approved = "approved"
    hidden = "hidden"


class Branding(Base):
    """The organization's branding, in a single row. Empty columns use the defaults.

    `accent_light` and `accent_dark` are `#rrggbb`, both or neither; `logo` is the image file, `logo_digest` is part of
    its URL. `masthead` and `footer` appear on every public page; `wall_by_default`: new campaigns start with a donor
    wall.
    """

    __tablename__ = "branding"
    __table_args__ = (
        CheckConstraint("id = 1", name="only_one"),
        CheckConstraint("(accent_light IS NULL) = (accent_dark IS NULL)", name="accents"),
        CheckConstraint(
            f"accent_light ~ '{COLOR_PATTERN}' AND accent_dark ~ '{COLOR_PATTERN}'",
            name="colors",
        ),
        CheckConstraint(
            "(logo IS NULL) = (logo_type IS NULL) AND (logo IS NULL) = (logo_digest IS NULL)",
            name="logo",
        ),
        CheckConstraint("logo IS NULL OR logo_alt <> ''", name="logo_alt"),
    )

    id: Mapped[int] = mapped_column(
        SmallInteger, primary_key=True, autoincrement=False, server_default=text("1")
    )
    accent_light: Mapped[str | None]
    accent_dark: Mapped[str | None]
    logo: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    logo_type: Mapped[str | None]
    logo_digest: Mapped[str | None]
    logo_alt: Mapped[str] = mapped_column(server_default=text("''"))
    masthead: Mapped[str] = mapped_column(server_default=text("''"))
    footer: Mapped[str] = mapped_column(server_default=text("''"))
    wall_by_default: Mapped[bool] = mapped_column(server_default=text("false"))
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class CampaignText(Base):
    """A campaign's texts in another language (`es`); an empty text falls back to the original language."""

    __tablename__ = "campaign_text"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(server_default=text("''"))
    appeal: Mapped[str] = mapped_column(server_default=text("''"))
    thanks: Mapped[str] = mapped_column(server_default=text("''"))
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Milestone(Base):
    """A share of the goal, or the stretch goal, that was reached. Written once; shown only while it is still met.

    `target` is the amount to raise and `raised` the total that reached it, both in minor units. `reached_at` is the
    time of the ledger entry that reached it, with entries in the order in which the money moved.
    """

    __tablename__ = "milestone"
    __table_args__ = (CheckConstraint(one_of("mark", MilestoneMark), name="mark"),)

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    mark: Mapped[str] = mapped_column(primary_key=True)
    target: Mapped[int] = mapped_column(primary_key=True)
    reached_at: Mapped[datetime]
    raised: Mapped[int]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WallEntry(Base):
    """A donor's consent to show their first name and place on the campaign's donor wall.

    Shown only while the gift is paid and not fully refunded; withdrawing consent deletes the row. `wording` is the text
    next to the checkbox. `hidden_at`: when staff hid the whole entry.
    """

    __tablename__ = "wall_entry"
    __table_args__ = (
        CheckConstraint("first_name <> ''", name="first_name"),
        CheckConstraint(one_of("comment_state", CommentState), name="comment_state"),
        CheckConstraint("(comment = '') = (comment_state = 'none')", name="comment"),
        Index("ix_wall_entry_campaign_id", "campaign_id", "donation_id"),
        Index(
            "ix_wall_entry_waiting",
            "donation_id",
            postgresql_where=text("comment_state = 'waiting' AND hidden_at IS NULL"),
        ),
    )

    donation_id: Mapped[int] = mapped_column(
        ForeignKey("donation.id"), primary_key=True, autoincrement=False
    )
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    first_name: Mapped[str]
    place: Mapped[str] = mapped_column(server_default=text("''"))
    comment: Mapped[str] = mapped_column(server_default=text("''"))
    comment_state: Mapped[str] = mapped_column(server_default=text("'none'"))
    wording: Mapped[str]
    consent_at: Mapped[datetime]
    hidden_at: Mapped[datetime | None]
