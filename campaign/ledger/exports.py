"""Stream donations, donors, ledger entries and receipts as rows. New columns are only ever added at the end.

Amounts are minor units, instants RFC 3339 with offset, ids the public ones. An amount is in the `currency` of its row:
a ledger row of the kind `fee` is in the currency of Stripe's balance, which need not be the gift's. `settled_…` are set
only for a gift that Stripe converted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from campaign.models import (
    Campaign,
    Conversion,
    Donation,
    Donor,
    LedgerEntry,
    LedgerKind,
    Receipt,
    ReceiptKind,
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Export:
    """A query, and the columns that filter it by campaign and by time."""

    query: Select[*tuple[Any, ...]]
    campaign_id: InstrumentedAttribute[Any]
    moment: InstrumentedAttribute[Any]


CHUNK = 1000
"""Rows held in memory at a time."""


_Replaced = aliased(Receipt)


def _receipt_number(receipt: type[Receipt] = Receipt) -> ColumnElement[str]:
    """Return the SQL of `Receipt.number`; NULL if there is no receipt."""
    return cast(receipt.year, Text) + "-" + func.to_char(receipt.sequence, "FM000000")


# What Stripe's balance got for a gift in another currency; the latest, if a debit was tried again.
_SETTLED = (
    select(
        Conversion.donation_id,
        Conversion.settled_amount,
        Conversion.settled_currency,
        Conversion.exchange_rate,
    )
    .where(Conversion.kind == LedgerKind.payment.value)
    .ext(distinct_on(Conversion.donation_id))
    .order_by(Conversion.donation_id, Conversion.converted_at.desc(), Conversion.id.desc())
    .subquery("settled")
)

_DONATIONS = (
    select(
        Donation.public_id.label("id"),
        Campaign.slug.label("campaign"),
        Donation.state,
        Donation.frequency,
        Donation.amount,
        Donation.fee_cover.label("cover"),
        Donation.currency,
        Donation.name,
        Donation.email,
        Donation.code,
        Donation.created_at,
        Donation.paid_at,
        _receipt_number().label("receipt_number"),
        Donation.payment_intent_id.label("stripe_payment_intent"),
        _SETTLED.c.settled_amount,
        _SETTLED.c.settled_currency,
        _SETTLED.c.exchange_rate,
    )
    .join(Campaign, Campaign.id == Donation.campaign_id)
    .outerjoin(_SETTLED, _SETTLED.c.donation_id == Donation.id)
    .outerjoin(
        Receipt, and_(Receipt.donation_id == Donation.id, Receipt.kind == ReceiptKind.receipt.value)
    )
    .order_by(Donation.created_at, Donation.id)
)

_LEDGER = (
    select(
        LedgerEntry.id,
        Campaign.slug.label("campaign"),
        Donation.public_id.label("donation_id"),
        LedgerEntry.kind,
        LedgerEntry.amount,
        LedgerEntry.fee,
        LedgerEntry.currency,
        LedgerEntry.occurred_at,
        LedgerEntry.recorded_at,
        LedgerEntry.source,
        LedgerEntry.fee_cover.label("cover"),
        LedgerEntry.balance_transaction_id.label("stripe_balance_transaction"),
        LedgerEntry.reason,
        LedgerEntry.recorded_by,
    )
    .join(Donation, Donation.id == LedgerEntry.donation_id)
    .outerjoin(Campaign, Campaign.id == LedgerEntry.campaign_id)
    .order_by(LedgerEntry.recorded_at, LedgerEntry.id)
)

_RECEIPTS = (
    select(
        _receipt_number().label("number"),
        Campaign.slug.label("campaign"),
        Donation.public_id.label("donation_id"),
        Receipt.amount,
        Receipt.currency,
        Receipt.gift_date,
        Receipt.issued_at,
        Receipt.frozen["donor_name"].astext.label("name"),
        Receipt.frozen["donor_email"].astext.label("email"),
        Receipt.kind,
        _receipt_number(_Replaced).label("replaces"),
    )
    .outerjoin(_Replaced, _Replaced.id == Receipt.replaces_id)
    .join(Donation, Donation.id == Receipt.donation_id)
    .join(Campaign, Campaign.id == Receipt.campaign_id)
    .order_by(Receipt.issued_at, Receipt.id)
)

# Donors with a paid gift. With a time range, the counts cover only the gifts in that range.
_DONORS = (
    select(
        Donor.id,
        Donor.name,
        Donor.email,
        Donor.locale,
        Donor.created_at,
        func.count(Donation.id).label("donations"),
        func.min(Donation.paid_at).label("first_paid_at"),
        func.max(Donation.paid_at).label("last_paid_at"),
    )
    .join(Donation, Donation.donor_id == Donor.id)
    .where(Donation.paid_at.is_not(None))
    .group_by(Donor.id)
    .order_by(Donor.id)
)

EXPORTS: Mapping[str, Export] = {
    "donations": Export(_DONATIONS, Donation.campaign_id, Donation.created_at),
    "donors": Export(_DONORS, Donation.campaign_id, Donation.paid_at),
    "ledger": Export(_LEDGER, LedgerEntry.campaign_id, LedgerEntry.recorded_at),
    "receipts": Export(_RECEIPTS, Receipt.campaign_id, Receipt.issued_at),
}


def export_rows(
    session: Session,
    what: str,
    campaign: Campaign | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[Row]:
    """Yield every row of `what` (a key of EXPORTS), oldest first.

    Optionally limited to one campaign and to [since, until). Row keys are the column names, in column order.
    """
    export = EXPORTS[what]
    query = export.query
    if campaign is not None:
        query = query.where(export.campaign_id == campaign.id)
    if since is not None:
        query = query.where(export.moment >= since)
    if until is not None:
        query = query.where(export.moment < until)
    for row in session.execute(query.execution_options(yield_per=CHUNK)).mappings():
        yield dict(row)


def column_names(what: str) -> list[str]:
    """Return the header row of an export."""
    return [column.name for column in EXPORTS[what].query.selected_columns]
