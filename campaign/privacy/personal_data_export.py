"""Collect all data about a person by one of their email addresses, for `campaign donor export` and for erasure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from campaign.audit.audit_log import list_entries_about
from campaign.donations.canonical_donors import canonical_donor, donor_records
from campaign.models import (
    Base,
    Conversion,
    Donation,
    Donor,
    DonorLink,
    DonorSession,
    ErasureRequest,
    GiftElsewhere,
    LedgerEntry,
    Note,
    OfflineGift,
    OutboxMessage,
    PastGift,
    Receipt,
    Refund,
    Reminder,
    Subscriber,
    Subscription,
    Suppression,
    TributeCard,
    WallEntry,
    WebhookDelivery,
)
from campaign.offline.direct_mail_codes import direct_mail_to

PersonalData = dict[str, Any]

_SECRET = {"token", "words", "session_url", "payment_update_url", "attempt", "digest"}
"""Columns that give access to pages, or contain nothing about the person."""


@dataclass(frozen=True)
class DataSubject:
    """A person's records, and all their addresses in lower case. `donors` is empty for someone who never gave."""

    donors: Sequence[Donor]
    addresses: Sequence[str]
    donations: Sequence[Donation]

    @property
    def donor_ids(self) -> list[int]:
        return [one.id for one in self.donors]

    @property
    def donation_ids(self) -> list[int]:
        return [one.id for one in self.donations]


def find_data_subject(session: Session, email: str) -> DataSubject:
    """Find the person with this address, with all merged records and their addresses."""
    email = email.strip().lower()
    donor = session.scalar(select(Donor).where(Donor.email != "", func.lower(Donor.email) == email))
    if donor is None:
        # An empty address would match every email whose recipient has been erased.
        return DataSubject([], [email] if email else [], [])
    found = data_subject_of(session, donor)
    return DataSubject(found.donors, sorted({*found.addresses, email}), found.donations)


def data_subject_of(session: Session, donor: Donor) -> DataSubject:
    """Return the person to whom this record belongs. Addresses that another donor now has are left out."""
    rows = donor_records(session, canonical_donor(session, donor))
    donations = session.scalars(
        select(Donation)
        .where(Donation.donor_id.in_([one.id for one in rows]))
        .order_by(Donation.id)
        .execution_options(populate_existing=True)
    ).all()
    used = {one.email.lower() for one in rows} | {one.email.lower() for one in donations}
    others = session.scalars(
        select(func.lower(Donor.email)).where(
            func.lower(Donor.email).in_(used - {""}), Donor.id.not_in([one.id for one in rows])
        )
    )
    return DataSubject(rows, sorted(used - {""} - set(others)), donations)


def mail_of(person: DataSubject) -> ColumnElement[bool]:
    """Return the SQL condition for emails to this person. Receipts are found by their donation."""
    receipts = select(Receipt.id).where(Receipt.donation_id.in_(person.donation_ids))
    subscriptions = select(Subscription.id).where(Subscription.donor_id.in_(person.donor_ids))
    return or_(
        func.lower(OutboxMessage.recipient).in_(person.addresses),
        OutboxMessage.donor_id.in_(person.donor_ids),
        OutboxMessage.receipt_id.in_(receipts),
        OutboxMessage.subscription_id.in_(subscriptions),
    )


def deliveries_about(person: DataSubject) -> ColumnElement[bool]:
    """Return the SQL condition for webhook deliveries about this person."""
    subscriptions = select(Subscription.id).where(Subscription.donor_id.in_(person.donor_ids))
    return or_(
        WebhookDelivery.donation_id.in_(person.donation_ids),
        WebhookDelivery.subscription_id.in_(subscriptions),
    )


def tribute_cards_of(person: DataSubject) -> ColumnElement[bool]:
    """Return the SQL condition for tribute cards that this person sent or received."""
    return or_(
        TributeCard.donation_id.in_(person.donation_ids),
        func.lower(TributeCard.email).in_([one for one in person.addresses if one]),
    )


def collect_personal_data(session: Session, person: DataSubject) -> PersonalData:
    """Return everything in JSON-compatible form: RFC 3339 times, amounts in minor units, no secrets of pages."""
    donors, donations = person.donor_ids, person.donation_ids
    return {
        "addresses": list(person.addresses),
        "donors": _rows(session, Donor, Donor.id.in_(donors)),
        "donations": _rows(session, Donation, Donation.id.in_(donations)),
        "offline_gifts": _rows(session, OfflineGift, OfflineGift.donation_id.in_(donations)),
        "past_gifts": _rows(session, PastGift, PastGift.donation_id.in_(donations)),
        "gifts_elsewhere": _rows(session, GiftElsewhere, GiftElsewhere.donor_id.in_(donors)),
        "ledger": _rows(session, LedgerEntry, LedgerEntry.donation_id.in_(donations)),
        "conversions": _rows(session, Conversion, Conversion.donation_id.in_(donations)),
        "donor_wall": _rows(session, WallEntry, WallEntry.donation_id.in_(donations)),
        "refunds": _rows(session, Refund, Refund.donation_id.in_(donations)),
        "receipts": _rows(session, Receipt, Receipt.donation_id.in_(donations)),
        "subscriptions": _rows(session, Subscription, Subscription.donor_id.in_(donors)),
        "mail": _rows(session, OutboxMessage, mail_of(person)),
        "tribute_cards": _rows(session, TributeCard, tribute_cards_of(person)),
        "direct_mail": [_row(one) for one in direct_mail_to(session, person.donors)],
        "notes": _rows(
            session, Note, or_(Note.donor_id.in_(donors), Note.donation_id.in_(donations))
        ),
        "consent": _rows(session, Subscriber, _addressed(Subscriber.email, person)),
        "suppressions": _rows(session, Suppression, _addressed(Suppression.email, person)),
        "reminders": _rows(session, Reminder, _addressed(Reminder.email, person)),
        "donor_page": [
            row
            for table in (DonorLink, DonorSession, ErasureRequest)
            for row in _rows(session, table, table.donor_id.in_(donors))
        ],
        "webhook_deliveries": _rows(session, WebhookDelivery, deliveries_about(person)),
        "activity": [
            _row(entry)
            for kind, keys in (
                ("donor", [str(one) for one in donors]),
                ("donation", [one.public_id for one in person.donations]),
            )
            for entry in list_entries_about(session, kind, keys)
        ],
    }


def _addressed(column: InstrumentedAttribute[str], person: DataSubject) -> ColumnElement[bool]:
    return func.lower(column).in_(person.addresses)


def _rows(session: Session, table: type[Any], condition: ColumnElement[bool]) -> list[PersonalData]:
    return [
        _row(row)
        for row in session.scalars(
            select(table).where(condition).order_by(*table.__mapper__.primary_key)
        )
    ]


def _row(row: Base) -> PersonalData:
    columns = [name for name in row.__table__.columns.keys() if name not in _SECRET]  # noqa: SIM118 - a collection of columns
    return {name: _plain(getattr(row, name)) for name in columns}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
