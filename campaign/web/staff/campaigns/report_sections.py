"""The text of a campaign's report: the same headlines, tables and sentences for the page and the PDF."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from babel.dates import format_date

from campaign.campaigns import formatting
from campaign.core import money
from campaign.core.i18n import get_language
from campaign.models import Campaign, Frequency
from campaign.reporting.campaign_report import CampaignReport
from campaign.reporting.journal_lines import DESCRIPTIONS
from campaign.reporting.tallies import Tally
from campaign.web.appeal.deadline_changes import present_extensions
from campaign.web.appeal.formatting import ending, percent, present_progress
from campaign.web.appeal.matching_gifts import offer_text

_LOCALE = "en"
_FREQUENCIES = {
    Frequency.one_time: "Once",
    Frequency.monthly: "Monthly",
    Frequency.yearly: "Yearly",
}
_KINDS = {**DESCRIPTIONS, "fee": "Fees charged later", "correction": "Corrections"}
_OFFLINE = {
    "cheque": "Checks",
    "cash": "Cash",
    "donor_advised_fund": "Donor-advised funds",
    "stock": "Stock",
}


@dataclass(frozen=True)
class Section:
    """A table: the first column has names, the others have figures."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True)
class ReportView:
    """The whole report as text. `headlines` are (name, figure, remark)."""

    title: str
    standing: str
    as_of: str
    headlines: Sequence[tuple[str, str, str]]
    sentence: str
    sections: Sequence[Section]
    moved: Sequence[str]
    comments: Sequence[tuple[str, str]]


def present_report(report: CampaignReport) -> ReportView:
    """Format the report in the campaign's time zone and currency."""
    progress, campaign = report.progress, report.progress.campaign
    every = [
        _best_days(report),
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
        standing=_status(report),
        as_of=_format_time(progress.as_of, campaign),
        headlines=_headlines(report),
        sentence=present_progress(progress, to_staff=True).sentence,
        sections=[section for section in every if section.rows],
        moved=present_extensions(campaign, report.extensions),
        comments=[(one.text, one.name or "A donor") for one in report.comments],
    )


def _status(report: CampaignReport) -> str:
    campaign = report.progress.campaign
    if report.final:
        return "The result is final."
    if report.progress.seconds_left:
        return f"The campaign is open until {ending(campaign)}. These figures are provisional."
    until = format_date(
        campaign.final_from.astimezone(campaign.zone).date(), "long", locale=_LOCALE
    )
    return f"The campaign ended at {ending(campaign)}. The result is provisional until {until}."


def _headlines(report: CampaignReport) -> list[tuple[str, str, str]]:
    progress, campaign = report.progress, report.progress.campaign

    def amount(minor: int) -> str:
        return money.format_money(minor, campaign.currency)

    goal = f"{percent(progress.percent)} of {amount(campaign.goal)}"
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
            ("Matched by sponsors", amount(progress.matched), "not part of the total raised")
        )
    if progress.pending:
        found.append(("Pending bank debits", amount(progress.pending), "not counted yet"))
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
    return percent(Decimal(tally.amount) * 100 / raised) if raised > 0 else "–"


def _best_days(report: CampaignReport) -> Section:
    days = [
        (str(format_date(day, "EEEE, MMMM d", locale=_LOCALE)), one) for day, one in report.days
    ]
    return _table(report, "Best days", "Day", days)


def _donors(report: CampaignReport) -> Section:
    often = [(_FREQUENCIES[Frequency(one.key)], one) for one in report.frequencies]
    return _table(report, "Frequency", "Frequency", often)


def _by_size(report: CampaignReport) -> Section:
    currency = report.progress.campaign.currency
    sizes = [(_band(one.key, currency), one) for one in report.sizes]
    return _table(report, "Sizes", "Gift size", sizes)


def _band(lower: str, currency: str) -> str:
    """Return `$20 to less than $50` from the lower edge. Edges are 1, 2 or 5 followed by zeros."""
    upper = {"1": 2, "2": 5, "5": 10}[lower[0]] * 10 ** (len(lower) - 1)
    edges = money.format_money(int(lower), currency), money.format_money(upper, currency)
    return f"{edges[0]} to less than {edges[1]}"


def _sources(report: CampaignReport) -> Section:
    codes = [(one.key or "No code", one) for one in report.sources]
    note = "By the code of the link, email or coupon that the gift came from."
    return _table(report, "Sources", "Code", codes, note)


def _mail(report: CampaignReport) -> Section:
    currency = report.progress.campaign.currency
    rows = [
        (
            one.name,
            f"{one.counts.sent:,}",
            f"{one.counts.dropped + one.counts.failed:,}",
            f"{one.given.gifts:,}",
            money.format_money(one.given.amount, currency),
        )
        for one in report.mail
    ]
    columns = ("Step", "Sent", "Not sent", "Gifts through its link", "Amount")
    return Section("Campaign emails", columns, rows, "Email opens are not tracked.")


def _channels(report: CampaignReport) -> Section:
    progress = report.progress
    gifts = sum(one.gifts for one in report.offline)
    online = Tally("", progress.raised - report.offline_amount, progress.donations - gifts)
    kinds = [(_OFFLINE.get(one.key, one.key), one) for one in report.offline]
    return _table(report, "Online and offline", "Payment method", [("Online", online), *kinds])


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
    return Section("Matching gifts", ("Offer", "Eligible gifts", "Matched", "Pool"), rows)


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
            money.format_money(one.fee, one.currency),
        )
        for one in report.booked
    ]
    sums = sum(one.entries for one in report.booked), sum(one.amount for one in report.booked)
    if rows:
        rows.append(
            (
                "Total",
                f"{sums[0]:,}",
                amount(sums[1]),
                amount(report.covered),
                ", ".join(money.format_money(fee, one) for one, fee in sorted(report.fees.items()))
                or amount(0),
            )
        )
    columns = ("Type", "Entries", "Amount", "Fees covered", "Stripe fees")
    return Section(
        "Ledger", columns, rows, "Fees that donors covered are not part of the total raised."
    )


def _format_time(instant: datetime, campaign: Campaign) -> str:
    day = format_date(instant.astimezone(campaign.zone).date(), "long", locale=_LOCALE)
    return f"{day}, {formatting.time_with_zone(instant, campaign.zone, get_language(_LOCALE))}"
