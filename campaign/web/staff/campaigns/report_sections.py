"""The report of a campaign in words: the same headlines, tables and sentences for the page and for the paper."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_date, format_datetime

from campaign.core import money
from campaign.models import Campaign, Frequency
from campaign.reporting.campaign_report import CampaignReport
from campaign.reporting.tallies import Tally
from campaign.web.appeal.deadline_changes import present_extensions
from campaign.web.appeal.formatting import ending, present_progress
from campaign.web.appeal.matching_gifts import offer_text

_LOCALE = "en"
_FREQUENCIES = {
    Frequency.one_time: "Once",
    Frequency.monthly: "Monthly",
    Frequency.yearly: "Yearly",
}
_KINDS = {
    "payment": "Gifts charged or received",
    "payment_reversed": "Debits that banks took back",
    "refund": "Refunds",
    "refund_failed": "Refunds that came back",
    "dispute": "Disputes",
    "dispute_reversed": "Disputes given back",
    "fee": "Fees told afterwards",
    "correction": "Corrections",
}
_OFFLINE = {
    "cheque": "Checks",
    "cash": "Cash",
    "donor_advised_fund": "Donor-advised funds",
    "stock": "Stock",
}


@dataclass(frozen=True)
class Section:
    """A table: the first column names, the others are figures."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True)
class ReportView:
    """Everything as text. `headlines` are (name, figure, remark)."""

    title: str
    standing: str
    as_of: str
    headlines: Sequence[tuple[str, str, str]]
    sentence: str
    sections: Sequence[Section]
    moved: Sequence[str]
    comments: Sequence[tuple[str, str]]


def present_report(report: CampaignReport) -> ReportView:
    """The report on the campaign's own clock and in its currency."""
    progress, campaign = report.progress, report.progress.campaign
    every = [
        _times(report),
        _donors(report),
        _by_size(report),
        _sources(report),
        _mail(report),
        _channels(report),
        _matching(report),
        _books(report),
    ]
    return ReportView(
        title=campaign.title,
        standing=_standing(report),
        as_of=_moment(progress.as_of, campaign),
        headlines=_headlines(report),
        sentence=present_progress(progress, to_staff=True).sentence,
        sections=[section for section in every if section.rows],
        moved=present_extensions(campaign, report.extensions),
        comments=[(one.text, one.name or "A reader") for one in report.comments],
    )


def _standing(report: CampaignReport) -> str:
    campaign = report.progress.campaign
    if report.final:
        return "The result is final."
    if report.progress.seconds_left:
        return f"The campaign goes on until {ending(campaign)}. These figures are provisional."
    until = format_date(
        campaign.final_from.astimezone(campaign.zone).date(), "long", locale=_LOCALE
    )
    return f"It ended at {ending(campaign)}. The result is provisional until {until}."


def _headlines(report: CampaignReport) -> list[tuple[str, str, str]]:
    progress, campaign = report.progress, report.progress.campaign

    def amount(minor: int) -> str:
        return money.format_money(minor, campaign.currency)

    goal = f"{progress.percent:g}% of {amount(campaign.goal)}"
    if campaign.stretch_goal:
        goal += f", stretch goal {amount(campaign.stretch_goal)}"
    average = progress.raised // progress.donations if progress.donations else 0
    found = [
        ("Raised", amount(progress.raised), goal),
        ("Gifts", f"{progress.donations:,}", f"{amount(average)} on average"),
        ("Donors", f"{progress.donors:,}", f"{report.new:,} new, {report.returning:,} returning"),
    ]
    if progress.matching:
        found.append(
            ("Matched by sponsors", amount(progress.matched), "not part of what is raised")
        )
    if progress.pending:
        found.append(("Promised by bank debit", amount(progress.pending), "not counted yet"))
    return found


def _table(
    report: CampaignReport,
    title: str,
    name: str,
    tallies: Iterable[tuple[str, Tally]],
    note: str = "",
) -> Section:
    currency = report.progress.campaign.currency
    rows = [
        (text, f"{one.gifts:,}", money.format_money(one.amount, currency), _share(one, report))
        for text, one in tallies
    ]
    return Section(title, (name, "Gifts", "Amount", "Share"), rows, note)


def _share(tally: Tally, report: CampaignReport) -> str:
    raised = report.progress.raised
    return f"{tally.amount * 100 / raised:.1f}%" if raised > 0 else "–"


def _times(report: CampaignReport) -> Section:
    days = [
        (str(format_date(day, "EEEE, MMMM d", locale=_LOCALE)), one) for day, one in report.days
    ]
    return _table(report, "Best days", "Day", days)


def _donors(report: CampaignReport) -> Section:
    often = [(_FREQUENCIES[Frequency(one.key)], one) for one in report.frequencies]
    return _table(report, "How often", "Frequency", often)


def _by_size(report: CampaignReport) -> Section:
    currency = report.progress.campaign.currency
    sizes = [(_band(one.key, currency), one) for one in report.sizes]
    return _table(report, "Sizes", "A gift of", sizes)


def _band(lower: str, currency: str) -> str:
    """`$20 to less than $50`, by the lower edge; the edges are 1, 2 and 5 and noughts."""
    upper = {"1": 2, "2": 5, "5": 10}[lower[0]] * 10 ** (len(lower) - 1)
    edges = money.format_money(int(lower), currency), money.format_money(upper, currency)
    return f"{edges[0]} to less than {edges[1]}"


def _sources(report: CampaignReport) -> Section:
    codes = [(one.key or "No code", one) for one in report.sources]
    note = "By the code of the address, the letter or the coupon by which a gift came."
    return _table(report, "Sources", "Code", codes, note)


def _mail(report: CampaignReport) -> Section:
    currency = report.progress.campaign.currency
    rows = [
        (
            one.key.replace("_", " ").capitalize(),
            f"{one.counts.sent:,}",
            f"{one.counts.dropped + one.counts.failed:,}",
            f"{one.given.gifts:,}",
            money.format_money(one.given.amount, currency),
        )
        for one in report.mail
    ]
    columns = ("Step", "Sent", "Not sent", "Gifts by its link", "Amount")
    return Section("Mail", columns, rows, "Whether a letter was opened is not tracked.")


def _channels(report: CampaignReport) -> Section:
    progress = report.progress
    gifts = sum(one.gifts for one in report.offline)
    online = Tally("", progress.raised - report.offline_amount, progress.donations - gifts)
    kinds = [(_OFFLINE.get(one.key, one.key), one) for one in report.offline]
    return _table(report, "Online and by mail", "Way", [("Online", online), *kinds])


def _matching(report: CampaignReport) -> Section:
    campaign = report.progress.campaign
    rows = [
        (
            offer_text(campaign, one),
            money.format_money(one.given, campaign.currency),
            money.format_money(one.matched, campaign.currency),
            money.format_money(one.gift.pool, campaign.currency),
        )
        for one in report.progress.matching
    ]
    return Section("Matching gifts", ("Promise", "Given then", "Matched", "Pool"), rows)


def _books(report: CampaignReport) -> Section:
    currency = report.progress.campaign.currency

    def amount(minor: int) -> str:
        return money.format_money(minor, currency)

    rows = [
        (
            _KINDS.get(one.kind, one.kind),
            f"{one.entries:,}",
            amount(one.amount),
            amount(one.fee_cover),
            amount(one.fee),
        )
        for one in report.booked
    ]
    sums = sum(one.entries for one in report.booked), sum(one.amount for one in report.booked)
    if rows:
        rows.append(
            (
                "Together",
                f"{sums[0]:,}",
                amount(sums[1]),
                amount(report.covered),
                amount(report.fees),
            )
        )
    columns = ("Movement", "Entries", "Amount", "Fees covered", "Stripe’s fees")
    return Section(
        "The books", columns, rows, "What donors add for the fees is not part of what is raised."
    )


def _moment(instant: datetime, campaign: Campaign) -> str:
    here = instant.astimezone(campaign.zone)
    return f"{format_datetime(here, 'MMMM d, y, HH:mm', tzinfo=campaign.zone, locale=_LOCALE)} {here:%Z}"
