"""Figures and times as sentences in the page's language, for the appeal's templates. No queries."""

from dataclasses import dataclass
from decimal import Decimal

from babel.units import format_unit

from campaign.campaigns import formatting
from campaign.campaigns.campaign_formatting import ending_with_year
from campaign.campaigns.progress import Progress
from campaign.core import money
from campaign.models import Campaign, CampaignState
from campaign.web.language import page_language


@dataclass(frozen=True)
class ProgressView:
    """The progress bar and its texts. Widths and `goal_position` are percent of the bar, which can grow past the goal.

    While `hidden`, show readers only the goal and `sentence`.
    """

    raised: int
    pending: int
    goal: int
    matched: int
    digits: int
    raised_text: str
    goal_text: str
    stretch_goal: int
    percent: Decimal
    percent_text: str
    donations: int
    donors: int
    received_width: Decimal
    pending_width: Decimal
    matched_width: Decimal
    goal_position: Decimal
    sentence: str
    as_of_text: str
    as_of_iso: str
    final: bool
    hidden: bool
    met: bool


@dataclass(frozen=True)
class Countdown:
    """The time left as a headline, and a sentence with the deadline; `end_text` is the deadline with its time zone."""

    headline: str
    sentence: str
    end_text: str
    deadline_iso: str
    days_left: int


def present_progress(progress: Progress, *, to_staff: bool = False) -> ProgressView:
    """Return the progress bar's texts and widths; staff always see the figures."""
    campaign, hidden = progress.campaign, progress.hidden and not to_staff
    raised = max(0, progress.raised)
    scale = max(progress.asked, raised + progress.pending + progress.matched)
    stretch = campaign.stretch_goal or 0
    return ProgressView(
        raised=progress.raised,
        pending=progress.pending,
        goal=campaign.goal,
        matched=progress.matched,
        digits=money.decimals(campaign.currency),
        raised_text=_amount(campaign, progress.raised),
        goal_text=_amount(campaign, campaign.goal),
        stretch_goal=stretch,
        percent=progress.percent,
        percent_text=percent(progress.percent),
        donations=progress.donations,
        donors=progress.donors,
        received_width=_width(raised, scale),
        pending_width=_width(progress.pending, scale),
        matched_width=_width(progress.matched, scale),
        goal_position=_width(campaign.goal, scale),
        sentence=_hidden_sentence(progress) if hidden else _progress_sentence(progress),
        as_of_text=formatting.time_with_zone(progress.as_of, campaign.zone, page_language()),
        as_of_iso=progress.as_of.astimezone(campaign.zone).isoformat(timespec="seconds"),
        final=progress.final,
        hidden=hidden,
        met=progress.raised >= campaign.goal,
    )


def _amount(campaign: Campaign, minor: int) -> str:
    return formatting.amount(minor, campaign.currency, page_language())


def _width(part: int, scale: int) -> Decimal:
    """Return `part` as percent of `scale`, to two decimals, for the bar."""
    return (Decimal(part) * 100 / scale).quantize(Decimal("0.01"))


def percent(share: Decimal | int) -> str:
    """Format a percentage (100 is all of it) with at most one decimal: `24.7%`."""
    return formatting.percent(share, page_language())


def _progress_sentence(progress: Progress) -> str:
    campaign, spoken = progress.campaign, page_language()
    values = {
        "raised": _amount(campaign, progress.raised),
        "goal": _amount(campaign, campaign.goal),
        "percent": percent(progress.percent),
        "donors": spoken.ngettext("%(n)s donor", "%(n)s donors", progress.donors)
        % {"n": formatting.number(progress.donors, spoken)},
        "pending": _amount(campaign, progress.pending),
        "matched": _amount(campaign, progress.matched),
    }
    sentences = [
        spoken.gettext("%(raised)s of %(goal)s raised by %(donors)s, %(percent)s.")
        if progress.donors
        else spoken.gettext("%(raised)s of %(goal)s raised, %(percent)s.")
    ]
    if progress.pending:
        sentences.append(
            spoken.gettext(
                "Another %(pending)s in bank debits is being processed and is not counted yet."
            )
        )
    if progress.matched:
        sentences.append(spoken.gettext("%(matched)s more comes from matching gifts."))
    return " ".join([one % values for one in sentences] + _stretch_sentences(progress))


def _stretch_sentences(progress: Progress) -> list[str]:
    """Return the sentence about the stretch goal once the goal is met; empty if there is none."""
    campaign, stretch = progress.campaign, progress.campaign.stretch_goal
    if stretch is None or progress.raised < campaign.goal:
        return []
    shown = {"stretch": _amount(campaign, stretch)}
    if progress.raised >= stretch:
        return [page_language().gettext("The stretch goal of %(stretch)s is met too.") % shown]
    if progress.state != CampaignState.open:
        return []
    return [page_language().gettext("Gifts now go toward the stretch goal of %(stretch)s.") % shown]


def _hidden_sentence(progress: Progress) -> str:
    """Return the goal, and when the amount raised will be shown."""
    campaign = progress.campaign
    values = {"goal": _amount(campaign, campaign.goal)}
    if campaign.figures_from_percent is None:
        return (
            page_language().gettext("The goal is %(goal)s. The amount raised will be shown later.")
            % values
        )
    values["percent"] = percent(campaign.figures_from_percent)
    return (
        page_language().gettext(
            "The goal is %(goal)s. The amount raised will be shown once it reaches %(percent)s of the goal."
        )
        % values
    )


def present_countdown(progress: Progress) -> Countdown:
    """Return the countdown in the campaign's time zone; hours and minutes appear only in the last 24 hours."""
    campaign = progress.campaign
    end = ending(campaign)
    headline, sentence = _words(progress, end)
    return Countdown(
        headline=headline,
        sentence=sentence,
        end_text=end,
        deadline_iso=campaign.deadline.astimezone(campaign.zone).isoformat(),
        days_left=progress.days_left,
    )


def _words(progress: Progress, end: str) -> tuple[str, str]:
    campaign, state, spoken = progress.campaign, progress.state, page_language()
    if state == CampaignState.upcoming:
        values = {
            "day": formatting.date_there(campaign.starts_at, campaign.zone, spoken),
            "end": end,
        }
        return (
            spoken.gettext("Opens on %(day)s") % values,
            spoken.gettext("The campaign runs from %(day)s until %(end)s.") % values,
        )
    if state in {CampaignState.closed, CampaignState.final}:
        return spoken.gettext("This campaign has ended"), _ended_words(progress, end)
    values = {"left": time_left(progress), "end": end, "goal": _amount(campaign, campaign.goal)}
    sentence = spoken.gettext("%(left)s, until %(end)s.") % values
    if progress.hidden:
        return values["left"], sentence
    if progress.raised >= campaign.goal:
        return spoken.gettext("The goal of %(goal)s is met") % values, sentence
    return spoken.gettext("%(left)s to raise %(goal)s") % values, sentence


def _ended_words(progress: Progress, end: str) -> str:
    campaign, spoken = progress.campaign, page_language()
    ended = spoken.gettext("It ended at %(end)s.") % {"end": end}
    if progress.state == CampaignState.closed:
        late = spoken.gettext(
            "The result is provisional until %(day)s because gifts sent by mail are still arriving."
        )
        day = formatting.date_there(campaign.final_from, campaign.zone, spoken)
        return f"{ended} {late % {'day': day}}"
    frozen = campaign.final_raised
    if frozen is None or frozen == progress.raised:
        final = spoken.gettext("This is the final result.")
        return f"{ended} {final}"
    corrected = spoken.gettext("This is the final result, corrected from %(amount)s.") % {
        "amount": _amount(campaign, frozen)
    }
    return f"{ended} {corrected}"


def time_left(progress: Progress) -> str:
    """Return `9 days left`, or `5 hours 12 minutes left` in the last 24 hours."""
    if days := formatting.days_left(progress, page_language()):
        return days
    hours, minutes = divmod(max(1, progress.seconds_left // 60), 60)
    parts = [
        format_unit(count, unit, "long", locale=page_language().formats)
        for count, unit in ((hours, "hour"), (minutes, "minute"))
        if count
    ]
    return page_language().gettext("%(time)s left") % {"time": " ".join(parts)}


def ending(campaign: Campaign) -> str:
    """Return the deadline in words: `11:59 p.m. on December 31, 2026, Pacific time`."""
    return ending_with_year(campaign, page_language())
