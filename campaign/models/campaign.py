"""A campaign: goal, dates, time zone and appeal text."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Integer,
    SmallInteger,
    and_,
    func,
    text,
)
from sqlalchemy.orm import Mapped, attribute_keyed_dict, mapped_column, relationship

from campaign.models.base import Base, Key
from campaign.models.campaign_content import COLOR_PATTERN
from campaign.models.states import CampaignState

if TYPE_CHECKING:
    from campaign.models.campaign_content import CampaignText

SLUG_PATTERN = "^[a-z0-9]+(-[a-z0-9]+)*$"


class Campaign(Base):
    """An appeal for one goal in the half-open window [starts_at, deadline).

    `goal`, `suggested_amounts` and `smallest_amount` are minor units of `currency`. `deadline_wall_clock` is the
    published local time in `timezone`; `deadline` is the same moment as an instant. The result becomes final
    `grace_days` later: `finalized_at` and `final_raised` are the time and the amount, and from then on the ledger's
    trigger lets only corrections change it. `ask_past_donors`: also send the campaign emails to donors of earlier
    campaigns, not only to subscribers. `stretch_goal` is shown once the goal is met; `designation` says what
    the gifts are for. While `paused_at` is set, staff have paused card gifts (because of an attack or a Stripe outage);
    `pause_reason` is shown to visitors.

    Appearance: `accent_light` and `accent_dark` replace the organization's accent colors; `organization_line` names the
    organization the campaign is for, if it is another one; `locale` is the language of the original texts; `thanks` is
    shown after the end; `wall_shown` turns the donor wall on. `figures_hidden` hides the progress bar and the counts
    until the end, or, if `figures_from_percent` is set, until that share of the goal is raised. `archive`: not a
    campaign that ever ran; it holds the past gifts of its currency that count for none, and has no page.
    """

    __tablename__ = "campaign"
    __table_args__ = (
        CheckConstraint(f"slug ~ '{SLUG_PATTERN}' AND length(slug) <= 80", name="slug"),
        CheckConstraint("goal > 0", name="goal"),
        CheckConstraint("currency ~ '^[a-z]{3}$'", name="currency"),
        CheckConstraint("deadline > starts_at", name="window"),
        CheckConstraint("smallest_amount > 0", name="smallest_amount"),
        CheckConstraint("grace_days >= 0", name="grace_days"),
        CheckConstraint("(finalized_at IS NULL) = (final_raised IS NULL)", name="finalized"),
        CheckConstraint("stretch_goal > goal", name="stretch_goal"),
        CheckConstraint("(paused_at IS NULL) = (pause_reason IS NULL)", name="paused"),
        CheckConstraint("(accent_light IS NULL) = (accent_dark IS NULL)", name="accents"),
        CheckConstraint(
            f"accent_light ~ '{COLOR_PATTERN}' AND accent_dark ~ '{COLOR_PATTERN}'",
            name="colors",
        ),
        CheckConstraint("figures_from_percent BETWEEN 1 AND 100", name="figures_from_percent"),
    )

    id: Mapped[Key]
    slug: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    currency: Mapped[str]
    goal: Mapped[int]
    starts_at: Mapped[datetime]
    deadline: Mapped[datetime] = mapped_column(index=True)
    deadline_wall_clock: Mapped[str]
    timezone: Mapped[str]
    grace_days: Mapped[int] = mapped_column(Integer, server_default=text("14"))
    suggested_amounts: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    smallest_amount: Mapped[int]
    appeal: Mapped[str]
    ask_past_donors: Mapped[bool] = mapped_column(server_default=text("false"))
    stretch_goal: Mapped[int | None]
    designation: Mapped[str] = mapped_column(server_default=text("'General'"))
    paused_at: Mapped[datetime | None]
    pause_reason: Mapped[str | None]
    accent_light: Mapped[str | None]
    accent_dark: Mapped[str | None]
    organization_line: Mapped[str] = mapped_column(server_default=text("''"))
    locale: Mapped[str] = mapped_column(server_default=text("'en'"))
    thanks: Mapped[str] = mapped_column(server_default=text("''"))
    wall_shown: Mapped[bool] = mapped_column(server_default=text("false"))
    figures_hidden: Mapped[bool] = mapped_column(server_default=text("false"))
    figures_from_percent: Mapped[int | None] = mapped_column(SmallInteger)
    finalized_at: Mapped[datetime | None]
    final_raised: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    archive: Mapped[bool] = mapped_column(server_default=text("false"))

    # The translated texts by language, edited by `campaigns.translations`. Loaded with every campaign, because pages
    # use it after its session has ended.
    texts: Mapped[dict[str, "CampaignText"]] = relationship(
        collection_class=attribute_keyed_dict("locale"), viewonly=True, lazy="selectin"
    )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def title_in(self, locale: str) -> str:
        """Return the title on one line, in `locale` if it is translated, else in the original language."""
        found = self.text_in(locale)
        return " ".join(((found.title if found else "") or self.title).split())

    def text_in(self, locale: str) -> "CampaignText | None":
        """Return the translated texts in `locale`; None for the original language or if there is no translation."""
        return self.texts.get(locale) if locale != self.locale else None

    @property
    def final_from(self) -> datetime:
        """The time from which the result is final."""
        return self.deadline + timedelta(days=self.grace_days)

    def state(self, at: datetime) -> CampaignState:
        """Return the campaign's state at `at`."""
        if at < self.starts_at:
            return CampaignState.upcoming
        if at < self.deadline:
            return CampaignState.open
        return CampaignState.closed if at < self.final_from else CampaignState.final

    @classmethod
    def open_at(cls, moment: datetime) -> ColumnElement[bool]:
        """Return the SQL condition for campaigns that are open at `moment`."""
        return and_(cls.starts_at <= moment, cls.deadline > moment)

    def is_open(self, at: datetime) -> bool:
        """Return whether the campaign is open at `at`."""
        return self.state(at) == CampaignState.open

    def is_final(self, at: datetime) -> bool:
        """Return whether the result is final at `at`: by date, or because it was finalized."""
        return self.finalized_at is not None or self.state(at) == CampaignState.final

    def counts(self, moment: datetime) -> bool:
        """Return whether a gift charged at `moment` is in this campaign's window."""
        return self.starts_at <= moment < self.deadline
