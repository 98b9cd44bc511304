"""The layout shared by all staff pages: navigation, and the formats of amounts and times.

Times are shown in the organization's time zone, like its books.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask import Flask

from campaign.campaigns import formatting
from campaign.core import money
from campaign.core.i18n import get_language
from campaign.emails.names import kind_name, sample_of
from campaign.models import StaffRole
from campaign.web.context import installation

_LOCALE = "en"


@dataclass(frozen=True)
class Link:
    """A navigation link, shown to `role` and higher roles. `path` is the prefix of all its pages."""

    text: str
    path: str
    role: StaffRole

    def leads_to(self, path: str) -> bool:
        """Whether the page at `path` belongs to this link."""
        of_campaign = path.startswith("/staff/c/")
        if self.path == "/staff/":
            return path.rstrip("/") == "/staff" or (of_campaign and path.endswith("/dashboard"))
        if self.path == "/staff/campaigns" and of_campaign:
            return not path.endswith("/dashboard")
        return path == self.path or path.startswith(f"{self.path}/")


NAVIGATION = (
    Link("Dashboard", "/staff/", StaffRole.viewer),
    Link("Donations", "/staff/donations", StaffRole.viewer),
    Link("Donors", "/staff/donors", StaffRole.viewer),
    Link("Subscribers", "/staff/subscribers", StaffRole.viewer),
    Link("Offline gifts", "/staff/offline", StaffRole.finance),
    Link("Campaigns", "/staff/campaigns", StaffRole.viewer),
    Link("Emails", "/staff/mail", StaffRole.viewer),
    Link("Donor wall", "/staff/wall", StaffRole.finance),
    Link("Books", "/staff/books", StaffRole.finance),
    Link("Activity", "/staff/audit", StaffRole.finance),
    Link("Integrations", "/staff/api-tokens", StaffRole.admin),
    Link("Card testing", "/staff/card-testing", StaffRole.finance),
    Link("Moving in", "/staff/moving-in", StaffRole.admin),
    Link("Team", "/staff/team", StaffRole.admin),
    Link("Branding", "/staff/branding", StaffRole.admin),
)


def prepare(app: Flask) -> None:
    """Register the filters and the navigation for the staff templates."""
    app.jinja_env.filters["money"] = _money
    app.jinja_env.filters["moment"] = _moment
    app.jinja_env.filters["day"] = _day
    app.jinja_env.filters["percent"] = _percent
    app.jinja_env.filters["rate"] = _rate
    app.jinja_env.filters["email_kind"] = kind_name
    app.jinja_env.globals["sample_of"] = sample_of
    app.jinja_env.globals["staff_links"] = NAVIGATION


def organization_zone() -> ZoneInfo:
    """Return the organization's time zone."""
    return ZoneInfo(installation().settings.organization.timezone)


def _money(minor: int, currency: str) -> str:
    """Format as `$1,234.50`; a minus sign comes before the symbol."""
    return money.format_money(minor, currency, _LOCALE)


def _moment(instant: datetime) -> str:
    """Format as `Dec 22, 2026, 2:05 p.m. PST`."""
    zone = organization_zone()
    return f"{_day(instant)}, {formatting.time_with_zone(instant, zone, get_language(_LOCALE))}"


def _rate(exchange_rate: Decimal, currency: str, settled_currency: str) -> str:
    """Format Stripe's rate as one of whole units: `1.37`, with the digits that Stripe gave and no zeros after them."""
    return f"{money.major_rate(exchange_rate, currency, settled_currency).normalize():f}"


def _percent(share: Decimal | int) -> str:
    """Format as `24.7%`: at most one decimal."""
    return formatting.percent(share, get_language(_LOCALE))


def _day(day: date | datetime) -> str:
    """Format as `Dec 22, 2026`; an instant is shown as the date in the organization's time zone."""
    if isinstance(day, datetime):
        day = day.astimezone(organization_zone()).date()
    return format_date(day, "MMM d, y", locale=_LOCALE)
