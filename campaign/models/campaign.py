"""A campaign: goal, window, zone and the appeal's text."""

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
    """One appeal for one goal in the half-open window [starts_at, deadline).

    `goal`, `suggested_amounts` and `smallest_amount` are minor units of `currency`. `deadline_wall_clock` is what
    people were told, in `timezone`; `deadline` is that moment as an instant. The result is final `grace_days` later;
    `finalized_at` and `final_raised` keep when it was frozen and at what, and from then on the ledger's trigger lets
    nothing but a correction change it. `ask_past_donors`: whether the countdown is mailed to those who gave to other
    campaigns before, besides those who agreed to appeals. `stretch_goal` is asked for once the goal is met; `designation` is
    the account that the books put the gifts under. While `paused_at` is set, staff have stopped taking gifts by card
    (an attack, a fault at Stripe), for the reader to see why in `pause_reason`.

    How it is shown: an accent of its own (`accent_light` and `accent_dark`, else the house's), the line of the
    organisation it is for (`organization_line`, where that is another than the house), `locale` of its first texts,
    `thanks` once it has ended, and whether it has a donor wall. While `figures_hidden`, the bar and the counts are told
    to nobody before the end; where `figures_from_percent` is set, only until that share of the goal is raised.
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

    # Its own words in other languages than its first, by language. They are edited by `campaigns.translations`, and
    # come with every campaign: pages are made from it when its session has long ended.
    texts: Mapped[dict[str, "CampaignText"]] = relationship(
        collection_class=attribute_keyed_dict("locale"), viewonly=True, lazy="selectin"
    )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def title_in(self, locale: str) -> str:
        """The title on one line, in `locale` if it has been translated, else in the campaign's first language."""
        found = self.text_in(locale)
        return " ".join(((found.title if found else "") or self.title).split())

    def text_in(self, locale: str) -> "CampaignText | None":
        """Its words in `locale`, where that is another language than its first."""
        return self.texts.get(locale) if locale != self.locale else None

    @property
    def final_from(self) -> datetime:
        """From this instant on the result is final."""
        return self.deadline + timedelta(days=self.grace_days)

    def state(self, at: datetime) -> CampaignState:
        """Where the campaign stands at the instant `at`."""
        if at < self.starts_at:
            return CampaignState.upcoming
        if at < self.deadline:
            return CampaignState.open
        return CampaignState.closed if at < self.final_from else CampaignState.final

    @classmethod
    def open_at(cls, moment: datetime) -> ColumnElement[bool]:
        """In a query: the campaigns whose window holds `moment`."""
        return and_(cls.starts_at <= moment, cls.deadline > moment)

    def is_open(self, at: datetime) -> bool:
        """Whether gifts are taken at the instant `at`."""
        return self.state(at) == CampaignState.open

    def is_final(self, at: datetime) -> bool:
        """Whether the result is final at the instant `at`: by the calendar, or because it was frozen."""
        return self.finalized_at is not None or self.state(at) == CampaignState.final

    def counts(self, moment: datetime) -> bool:
        """Whether a gift charged at `moment` belongs to this campaign."""
        return self.starts_at <= moment < self.deadline
