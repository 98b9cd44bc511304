"""The dashboard: a campaign's progress from one snapshot, with charts and what needs attention."""

from datetime import date

from babel.dates import format_date
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from campaign.campaigns.campaigns import current_campaign, find_campaign
from campaign.core import clock, money
from campaign.models import Campaign, StaffRole
from campaign.reporting.acknowledgments import (
    acknowledge,
    read_acknowledgments,
    withdraw_acknowledgment,
)
from campaign.reporting.dashboard import Dashboard, begin_snapshot, read_dashboard
from campaign.reporting.review_queue import read_review
from campaign.web.appeal.formatting import present_countdown, present_progress
from campaign.web.context import installation
from campaign.web.staff.campaigns.review_queue import groups
from campaign.web.staff.core.access import actor, needs, safe_next, staff_blueprint
from campaign.web.staff.core.charts import Bar, ChartLine, bar_chart, line_chart, share_bar

_SOURCE_NAMES = {"": "No code", "embed": "Embedded appeal", "print": "Printed appeal"}
_SOURCE_PREFIXES = (("mail-", "Email: "), ("embed-", "Embedded: "), ("article-", "Article: "))


def source_name(code: str) -> str:
    """Return the label of a source code: `Email: nine days` for `mail-nine-days`. Unknown codes stay unchanged."""
    if code in _SOURCE_NAMES:
        return _SOURCE_NAMES[code]
    for beginning, name in _SOURCE_PREFIXES:
        if code.startswith(beginning):
            return name + code.removeprefix(beginning).replace("-", " ")
    return code


blueprint: Blueprint = staff_blueprint("dashboard")


@blueprint.get("/")
@needs(StaffRole.viewer)
def home() -> ResponseReturnValue:
    """Show the current campaign's dashboard."""
    return _dashboard(None)


@blueprint.get("/c/<slug>/dashboard")
@needs(StaffRole.viewer)
def of_campaign(slug: str) -> ResponseReturnValue:
    """Show the dashboard of the campaign `slug`."""
    return _dashboard(slug)


def _dashboard(slug: str | None) -> ResponseReturnValue:
    at = clock.now()
    with installation().sessions() as session:
        begin_snapshot(session)
        campaign = find_campaign(session, slug) if slug else current_campaign(session, at)
        if campaign is None:
            return render_template("staff/dashboard/none.html", page_title="Dashboard")
        found = read_dashboard(session, campaign, at)
        attention = groups(read_review(session, at), read_acknowledgments(session))
    return render_template(
        "staff/dashboard/page.html",
        page_title=campaign.title,
        campaign=campaign,
        found=found,
        shown=present_progress(found.progress, to_staff=True),
        countdown=present_countdown(found.progress),
        attention=attention,
        charts=_charts(campaign, found),
        share=share_bar,
        source_name=source_name,
        band=lambda key: _band(int(key), campaign.currency),
        day_name=lambda key: format_date(date.fromisoformat(key), "MMM d", locale="en"),
    )


def _charts(campaign: Campaign, found: Dashboard) -> dict[str, Markup]:
    return {
        "raised": _raised_chart(campaign, found),
        "days": bar_chart(
            "Gifts by day",
            "The table below has each day's figures.",
            _day_bars(found),
            _largest_label(max((day.received for day in found.days), default=0), campaign.currency),
        ),
        "hours": bar_chart(
            "Gifts by hour",
            "The last 48 hours; the table below has each hour's figures.",
            [
                Bar(hour.key, hour.received, f"{int(hour.key[11:])}:00" if number % 12 == 0 else "")
                for number, hour in enumerate(found.hours)
            ],
            _largest_label(
                max((hour.received for hour in found.hours), default=0), campaign.currency
            ),
        ),
    }


def _day_bars(found: Dashboard) -> list[Bar]:
    every = max(1, -(-len(found.days) // 5))
    return [
        Bar(day.key, day.received, _short(day.key) if number % every == 0 else "")
        for number, day in enumerate(found.days)
    ]


def _short(key: str) -> str:
    return str(format_date(date.fromisoformat(key), "MMM d", locale="en"))


def _largest_label(amount: int, currency: str) -> str:
    return f"Highest: {money.format_money(amount, currency)}" if amount else ""


def _raised_chart(campaign: Campaign, found: Dashboard) -> Markup:
    """Chart the cumulative total against the goal and the previous campaign, aligned so that both end together."""
    raised = money.format_money(found.progress.raised, campaign.currency)
    lines = [ChartLine(f"Now {raised}", found.totals, "this")]
    sentence = f"{raised} so far."
    if found.earlier is not None:
        # A longer previous campaign is cut to this one's length; a shorter one starts later.
        totals = list(found.earlier.totals)[-found.length :]
        totals = [0] * (found.length - len(totals)) + totals
        lines.append(ChartLine(found.earlier.title, totals, "earlier"))
        last = money.format_money(totals[-1], campaign.currency)
        sentence += f" {found.earlier.title} raised {last}."
    goal = money.format_money(campaign.goal, campaign.currency)
    first = campaign.starts_at.astimezone(campaign.zone).date()
    last_day = clock.last_day(campaign.deadline, campaign.zone)
    ends = (_short(first.isoformat()), _short(last_day.isoformat()))
    return line_chart(
        "Raised so far", sentence, lines, found.length, (campaign.goal, f"Goal {goal}"), ends
    )


def _band(low: int, currency: str) -> str:
    """Return the label of a size band from its lower edge: `$20 to $50`."""
    first = int(str(low)[0])
    high = low * 5 // 2 if first == 2 else low * 2
    return f"{money.format_money(low, currency)} to {money.format_money(high, currency)}"


@blueprint.post("/review/<kind>/<path:key>")
@needs(StaffRole.finance)
def mark_reviewed(kind: str, key: str) -> ResponseReturnValue:
    """Mark an item as reviewed, or remove the mark (form field `undo`)."""
    with installation().sessions.begin() as session:
        if request.form.get("undo"):
            withdraw_acknowledgment(session, kind, key, actor())
        else:
            acknowledge(session, kind, key, actor(), clock.now())
    flash("Marked as not reviewed." if request.form.get("undo") else "Marked as reviewed.")
    back = safe_next(request.form.get("back")) or url_for(".home")
    return redirect(f"{back}#attention", 303)
