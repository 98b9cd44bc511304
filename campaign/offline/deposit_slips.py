"""The text of a deposit slip for one batch."""

from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date

from campaign.core import money
from campaign.core.settings import Organization
from campaign.offline.deposits import BatchContents

_LOCALE = "en"


def slip_context(held: BatchContents, organization: Organization) -> dict[str, Any]:
    """Return the context of a batch's slip. `checks` are (number, reference, donor, amount); amounts are text."""
    batch = held.batch
    zone = ZoneInfo(organization.timezone)
    day = batch.deposited_on or batch.opened_at.astimezone(zone).date()
    opened = "Deposited" if batch.deposited_on else "Not deposited yet. Opened"
    return {
        "organization_name": organization.name,
        "organization_address_lines": list(organization.address_lines),
        "name": batch.name,
        "dated": f"{opened} {format_date(day, 'long', locale=_LOCALE)}",
        "bank_reference": batch.bank_reference,
        "checks": [
            (
                str(number),
                gift.reference,
                gift.donation.name or gift.donation.email,
                _with_decimals(gift.donation.amount, batch.currency),
            )
            for number, gift in enumerate(held.checks, start=1)
        ],
        "checks_total": _with_decimals(held.checks_total, batch.currency),
        "cash_total": _with_decimals(held.cash_total, batch.currency),
        "total": _with_decimals(held.total, batch.currency),
        "currency": batch.currency.upper(),
    }


def _with_decimals(minor: int, currency: str) -> str:
    """Format with all decimals, so that amounts line up in a column: `$1,250.00`."""
    return f"{money.symbol(currency, _LOCALE)}{money.to_decimal(minor, currency):,f}"
