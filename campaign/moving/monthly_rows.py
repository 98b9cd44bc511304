"""Read a row of another system's recurring gifts. Parsing only."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from campaign.core.csv_lists import RejectedLine
from campaign.models import Frequency
from campaign.moving.amounts import DecimalMark, read_amount
from campaign.moving.columns import ColumnMap, ImportField, Preset, normalized
from campaign.moving.gift_rows import (
    LeftOutRow,
    read_currency,
    read_donor_email,
    read_frequency,
    read_locale,
    read_name,
)
from campaign.moving.tables import TableRow
from campaign.moving.values import read_text

FIELDS = (
    ImportField("external_id", "their id of the recurring gift", also=("id", "plan id", "subscription id")),
    ImportField("subscription", "Stripe's subscription", also=("profile id", "stripe subscription id")),
    ImportField("customer", "Stripe's customer", also=("customer id", "stripe customer id")),
    ImportField("email", "the donor's address", also=("email address", "donor email", "customer email")),
    ImportField("name", "the donor's name", also=("full name", "donor name", "customer name", "donor", "contact")),
    ImportField("first_name", "the first name", also=("first name", "donor first name")),
    ImportField("last_name", "the last name", also=("last name", "donor last name")),
    ImportField("company", "the organization that gives", also=("company name", "organization")),
    ImportField("amount", "the amount for each time", also=("total", "recurring amount", "gift amount")),
    ImportField("currency", "its currency", also=("currency code",)),
    ImportField("frequency", "monthly or yearly", also=("interval", "period", "recurring interval")),
    ImportField("state", "whether it is active", also=("status",)),
    ImportField("method", "which processor charges it", also=("gateway", "payment method", "processor")),
    ImportField("language", "the donor's language", also=("locale",)),
)  # fmt: skip
"""What a row of recurring gifts may say."""

PRESETS = (
    Preset("plain", "a plain list", "monthly", {}),
    # Donations > Tools > Export > Subscriptions; the profile is the gateway's id:
    # https://givewp.com/documentation/add-ons/recurring-donations/
    Preset(
        "givewp",
        "GiveWP",
        "monthly",
        {
            "external_id": ("Subscription ID", "ID"),
            "subscription": ("Profile ID", "Subscription Profile ID", "Gateway Subscription ID"),
            "amount": ("Recurring Amount", "Amount"),
            "frequency": ("Period", "Billing Period"),
            "state": ("Subscription Status", "Status"),
            "method": ("Payment Gateway", "Gateway"),
        },
        signature=("Subscription ID", "Profile ID"),
    ),
    # Recurring plans > Export: https://donorbox.zendesk.com/hc/en-us/articles/360020362692
    Preset(
        "donorbox",
        "Donorbox",
        "monthly",
        {
            "external_id": ("Plan Id", "Recurring Plan Id", "Id"),
            "subscription": ("Stripe Subscription Id",),
            "first_name": ("Donor's First Name",),
            "last_name": ("Donor's Last Name",),
            "email": ("Donor Email",),
            "frequency": ("Type", "Donation Interval", "Interval"),
            "method": ("Payment Method", "Donation Type"),
        },
        signature=("Plan Id", "Donor Email"),
    ),
    # https://docs.givebutter.com/reference/the-plan-object
    Preset(
        "givebutter",
        "Givebutter",
        "monthly",
        {
            "external_id": ("Plan ID", "Recurring Plan ID"),
            "frequency": ("Frequency",),
            "method": ("Payment Method", "Method"),
        },
        signature=("Plan ID", "Next Bill Date"),
    ),
    # Recurring donations: https://help.salesforce.com/s/articleView?id=sfdo.NPSP_Recurring_Donations.htm
    Preset(
        "npsp",
        "Salesforce NPSP",
        "monthly",
        {
            "external_id": ("Recurring Donation ID", "Recurring Donation: ID", "Id"),
            "subscription": ("Stripe Subscription Id", "Commitment ID"),
            "email": ("Email", "Contact: Email"),
            "frequency": ("Installment Period", "npe03__Installment_Period__c"),
            "amount": ("Amount", "npe03__Amount__c"),
            "state": ("Status", "npsp__Status__c"),
        },
        signature=("Recurring Donation ID", "Installment Period"),
    ),
    # Billing > Subscriptions > Export, and Customers > Export: https://support.stripe.com/questions/export-customer-data
    Preset(
        "stripe-subscriptions",
        "Stripe's subscriptions",
        "monthly",
        {
            "external_id": ("id",),
            "subscription": ("id",),
            "customer": ("Customer ID",),
            "amount": ("Amount",),
            "frequency": ("Interval",),
        },
        signature=("id", "Customer ID", "Interval", "Status"),
    ),
    Preset(
        "stripe-customers",
        "Stripe's customers",
        "monthly",
        {"external_id": ("id",), "customer": ("id",), "method": ()},
        signature=("id", "Delinquent", "Plan", "Status"),
    ),
)

_ACTIVE = frozenset(
    ("", "active", "open", "current", "in progress", "processing", "trialing", "past due", "overdue", "failing")
)  # fmt: skip
_ENDED = frozenset(
    ("cancelled",  # codespell:ignore cancelled
        "canceled", "expired", "completed", "complete", "ended", "inactive", "closed", "suspended",
        "abandoned", "incomplete", "incomplete expired", "lapsed", "unpaid", "pending", "paused", "refunded",
        "failed", "none")
)  # fmt: skip
_SUBSCRIPTION = re.compile(r"sub_\w+\Z", re.ASCII)
_CUSTOMER = re.compile(r"cus_\w+\Z", re.ASCII)


@dataclass(frozen=True)
class MonthlyRow:
    """A recurring gift of another system. `amount` is minor units, 0 if unknown; `active`: it is still charged."""

    line: int
    external_id: str
    subscription: str
    customer: str
    email: str
    name: str
    locale: str
    amount: int
    currency: str
    frequency: str
    active: bool
    processor: str


def read_monthly(
    row: TableRow, columns: ColumnMap, currency: str, mark: DecimalMark | None
) -> MonthlyRow | LeftOutRow | RejectedLine:
    """Return the recurring gift in a row, or why there is none."""
    try:
        return _read(row, columns, currency, mark)
    except ValueError as error:
        return RejectedLine(row.line, str(error))


def _read(
    row: TableRow, columns: ColumnMap, currency: str, mark: DecimalMark | None
) -> MonthlyRow | LeftOutRow:
    def cell(name: str) -> str:
        return columns.get(row.cells, name)

    active = _read_active(cell("state"))
    own = read_currency(cell, currency)
    found = read_amount(cell("amount"), own, mark)
    ids = [cell(name) for name in ("subscription", "customer", "external_id")]
    external_id = read_text(cell("external_id"), 200) or next(filter(None, ids), "")
    email = read_donor_email(cell)
    if not external_id and not email:
        return LeftOutRow(row.line, "neither an id nor an address")
    return MonthlyRow(
        line=row.line,
        external_id=external_id or email.lower(),
        subscription=_first(_SUBSCRIPTION, ids),
        customer=_first(_CUSTOMER, ids),
        email=email,
        name=read_name(cell),
        locale=read_locale(cell),
        amount=found.minor if found else 0,
        currency=(found.currency if found else "") or own,
        frequency=_read_interval(cell("frequency")).value,
        active=active,
        processor=read_text(cell("method"), 100),
    )


def _read_active(cell: str) -> bool:
    """Return whether a recurring gift in this state is still charged."""
    word = normalized(cell)
    if word not in _ACTIVE | _ENDED:
        raise ValueError(f"{cell!r} is no state of a recurring gift that we know")
    return word in _ACTIVE


def _read_interval(cell: str) -> Frequency:
    """Return how often; monthly if the row does not say."""
    found = read_frequency(cell)
    return Frequency.monthly if found == Frequency.one_time else found


def _first(pattern: re.Pattern[str], ids: Sequence[str]) -> str:
    return next((one for one in ids if pattern.match(one)), "")
