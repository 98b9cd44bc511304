"""Figures and times as sentences: what the templates of the appeal show. Words and formats only, no queries."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, get_timezone_name

from campaign import clock, money
from campaign.config import Organization
from campaign.models import Campaign, CampaignState
from campaign.services.progress import Progress

_LOCALE = "en"


@dataclass(frozen=True)
class ProgressView:
    """The bar and its words. Widths and the goal's mark are percent of the bar, whose scale grows past the goal."""

    raised: int
    pending: int
    goal: int
    matched: int
    raised_text: str
    goal_text: str
    pending_text: str
    stretch_goal: int
    stretch_text: str
    percent: float
    percent_text: str
    donations: int
    donors: int
    received_width: float
    pending_width: float
    matched_width: float
    goal_position: float
    sentence: str
    as_of_text: str
    as_of_iso: str
    final: bool


@dataclass(frozen=True)
class Countdown:
    """What remains, as a headline and as an absolute date with its zone."""

    headline: str
    sentence: str
    deadline_iso: str
    days_left: int


@dataclass(frozen=True)
class MailAddress:
    """How to give by mail."""

    payee: str
    address_lines: tuple[str, ...]
    code: str
    postmark_text: str


@dataclass(frozen=True)
class Suggestion:
    """A suggested amount: the form's value and what stands on the button."""

    value: str
    text: str


def present_progress(progress: Progress) -> ProgressView:
    """The bar in words and widths."""
    campaign, currency = progress.campaign, progress.campaign.currency
    raised = max(0, progress.raised)
    scale = max(progress.asked, raised + progress.pending + progress.matched)
    stretch = campaign.stretch_goal or 0
    moment = progress.as_of.astimezone(campaign.zone)
    return ProgressView(
        raised=progress.raised,
        pending=progress.pending,
        goal=campaign.goal,
        matched=progress.matched,
        raised_text=money.format_money(progress.raised, currency),
        goal_text=money.format_money(campaign.goal, currency),
        pending_text=money.format_money(progress.pending, currency) if progress.pending else "",
        stretch_goal=stretch,
        stretch_text=money.format_money(stretch, currency) if stretch else "",
        percent=progress.percent,
        percent_text=f"{progress.percent:g}%",
        donations=progress.donations,
        donors=progress.donors,
        received_width=round(raised * 100 / scale, 2),
        pending_width=round(progress.pending * 100 / scale, 2),
        matched_width=round(progress.matched * 100 / scale, 2),
        goal_position=round(campaign.goal * 100 / scale, 2),
        sentence=_progress_sentence(progress),
        as_of_text=f"{moment:%H:%M} {moment:%Z}",
        as_of_iso=moment.isoformat(timespec="seconds"),
        final=progress.final,
    )


def _progress_sentence(progress: Progress) -> str:
    campaign = progress.campaign
    raised = money.format_money(progress.raised, campaign.currency)
    goal = money.format_money(campaign.goal, campaign.currency)
    people = "1 donor" if progress.donors == 1 else f"{progress.donors:,} donors"
    by = f" by {people}" if progress.donors else ""
    sentence = f"{raised} of {goal} raised{by}, {progress.percent:g}%."
    if progress.pending:
        promised = money.format_money(progress.pending, campaign.currency)
        sentence += f" {promised} more is promised by bank debit and not counted yet."
    if progress.matched:
        matched = money.format_money(progress.matched, campaign.currency)
        sentence += f" {matched} more comes from matching gifts."
    return sentence + _further(progress)


def _further(progress: Progress) -> str:
    """Past the goal, what is asked for now."""
    campaign, stretch = progress.campaign, progress.campaign.stretch_goal
    if stretch is None or progress.raised < campaign.goal:
        return ""
    shown = money.format_money(stretch, campaign.currency)
    if progress.raised >= stretch:
        return f" The stretch goal of {shown} is met too."
    if progress.state != CampaignState.open:
        return ""
    return f" Every further gift goes toward {shown}."


def present_countdown(progress: Progress) -> Countdown:
    """The countdown in the campaign's own zone; a sentence, and only on the last day hours and minutes."""
    campaign = progress.campaign
    headline, sentence = _words(progress, ending(campaign))
    return Countdown(
        headline=headline,
        sentence=sentence,
        deadline_iso=campaign.deadline.astimezone(campaign.zone).isoformat(),
        days_left=progress.days_left,
    )


def _words(progress: Progress, end: str) -> tuple[str, str]:
    campaign, state = progress.campaign, progress.state
    if state == CampaignState.upcoming:
        opening = _day(campaign.starts_at.astimezone(campaign.zone))
        return f"Opens on {opening}", f"It runs from {opening} until {end}."
    if state == CampaignState.closed:
        provisional = _day(campaign.final_from.astimezone(campaign.zone))
        late = (
            f"The result is provisional until {provisional}, while gifts in the mail still arrive."
        )
        return "This campaign has ended", f"It ended at {end}. {late}"
    if state == CampaignState.final:
        return "This campaign has ended", f"It ended at {end}. {_final_words(progress)}"
    left = time_left(progress)
    goal = money.format_money(campaign.goal, campaign.currency)
    if progress.raised >= campaign.goal:
        return f"The goal of {goal} is met", f"{left}, until {end}."
    return f"{left} to raise {goal}", f"{left}, until {end}."


def _final_words(progress: Progress) -> str:
    frozen = progress.campaign.final_raised
    if frozen is None or frozen == progress.raised:
        return "This is the final result."
    at_first = money.format_money(frozen, progress.campaign.currency)
    return f"This is the final result, {at_first} at first and corrected since."


def time_left(progress: Progress) -> str:
    """`9 days left`; in the last 24 hours `5 hours 12 minutes left`."""
    if progress.seconds_left > 86_400:
        days = max(1, progress.days_left)
        return "1 day left" if days == 1 else f"{days} days left"
    minutes = max(1, progress.seconds_left // 60)
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours} {'hour' if hours == 1 else 'hours'}"] if hours else []
    parts += [f"{rest} {'minute' if rest == 1 else 'minutes'}"] if rest or not hours else []
    return f"{' '.join(parts)} left"


def ending(campaign: Campaign) -> str:
    """The deadline as people say it: `midnight at the end of December 31, 2026, Pacific time`."""
    local = campaign.deadline.astimezone(campaign.zone)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        last = clock.last_day(campaign.deadline, campaign.zone)
        written = format_date(last, "long", locale=_LOCALE)
        return f"midnight at the end of {written}, {zone_name(campaign.zone)}"
    at = format_datetime(local, "h:mm a", tzinfo=campaign.zone, locale=_LOCALE)
    return f"{at} on {_day(local)}, {zone_name(campaign.zone)}"


def zone_name(zone: ZoneInfo) -> str:
    """A zone as a newspaper writes it: `Pacific time`."""
    if fixed := clock.fixed_name(zone):
        return fixed
    name = str(get_timezone_name(zone, width="long", zone_variant="generic", locale=_LOCALE))
    return name.removesuffix(" Time") + " time" if name.endswith(" Time") else name


def _day(moment: datetime) -> str:
    return str(format_date(moment.date(), "long", locale=_LOCALE))


def present_mail(campaign: Campaign, organization: Organization) -> MailAddress:
    """Payee, address, the code to write on the cheque, and until when a postmark counts."""
    last = format_date(clock.last_day(campaign.deadline, campaign.zone), "long", locale=_LOCALE)
    return MailAddress(
        payee=organization.name,
        address_lines=organization.address_lines,
        code=campaign.slug.upper(),
        postmark_text=f"A gift postmarked by {last} counts for this campaign.",
    )


def present_suggestions(campaign: Campaign) -> list[Suggestion]:
    """The suggested amounts, smallest first."""
    return [
        Suggestion(
            value=money.plain_amount(amount, campaign.currency),
            text=money.format_money(amount, campaign.currency),
        )
        for amount in campaign.suggested_amounts
    ]


def cover_hint(campaign: Campaign, cover: int, example: int) -> str:
    """What covering the fees would add to an example amount; both in minor units."""
    added = money.format_money(cover, campaign.currency)
    return f"On {money.format_money(example, campaign.currency)} that adds {added}."
