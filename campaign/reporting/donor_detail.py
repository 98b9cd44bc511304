"""Read everything about one donor for the donor's page, including merged records."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session, joinedload

from campaign.audit.activity import LoggedAction, read_activity
from campaign.donations.canonical_donors import donor_records
from campaign.donors.keyset_paging import Cursor, Keys, Listing, read_keys
from campaign.donors.merging import undoable_merges
from campaign.donors.notes import list_notes
from campaign.donors.suppression_list import SuppressionEntry, load_suppressions
from campaign.models import (
    Donation,
    Donor,
    DonorMerge,
    ErasureRequest,
    LedgerEntry,
    LedgerKind,
    Note,
    OutboxMessage,
    Receipt,
    Subscription,
    Suppression,
)
from campaign.privacy.erasure_requests import open_request_of
from campaign.reporting.consent_records import ConsentRecord, read_consents

EMAILS_PER_PAGE = 25
"""Emails per page."""


@dataclass(frozen=True)
class Total:
    """The totals of one currency: the number of gifts, and in minor units including covered fees what was `given`, what
    was refunded or reversed for any reason (`refunded`), and the net amount (`net`).
    """

    currency: str
    gifts: int
    given: int
    refunded: int

    @property
    def net(self) -> int:
        return self.given - self.refunded


@dataclass(frozen=True)
class DonorDetail:
    """One donor. `rows` are all records, the canonical one (`donor`) first; `merges` are by the merged record's id."""

    donor: Donor
    rows: Sequence[Donor]
    merges: dict[int, DonorMerge]
    totals: Sequence[Total]
    first_at: datetime | None
    last_at: datetime | None
    gifts: Sequence[Donation]
    gift_keys: Keys
    subscriptions: Sequence[Subscription]
    mails: Sequence[OutboxMessage]
    mail_keys: Keys
    suppressions: Sequence[SuppressionEntry]
    consents: Sequence[ConsentRecord]
    notes: Sequence[Note]
    audit: Sequence[LoggedAction]
    erasure: ErasureRequest | None


def read_donor_detail(session: Session, donor: Donor, gifts: Cursor) -> DonorDetail:
    """Return everything about the canonical donor `donor`. `gifts` is where the page of gifts begins."""
    rows = donor_records(session, donor)
    ids = [row.id for row in rows]
    gift_keys = read_keys(session, _gifts_of(ids), None, gifts)
    mail_keys = read_email_keys(session, rows, Cursor())
    first_at, last_at = session.execute(
        select(func.min(Donation.charged_at), func.max(Donation.charged_at)).where(
            Donation.donor_id.in_(ids), Donation.paid_at.is_not(None)
        )
    ).one()
    addresses = [row.email.lower() for row in rows if row.email]
    return DonorDetail(
        donor=donor,
        rows=rows,
        merges=undoable_merges(session, donor),
        totals=read_totals(session, ids),
        first_at=first_at,
        last_at=last_at,
        gifts=load_gifts(session, gift_keys.ids),
        gift_keys=gift_keys,
        subscriptions=session.scalars(
            select(Subscription)
            .where(Subscription.donor_id.in_(ids))
            .options(joinedload(Subscription.campaign))
            .order_by(Subscription.id.desc())
        ).all(),
        mails=load_emails(session, mail_keys.ids),
        mail_keys=mail_keys,
        suppressions=_suppressions(session, addresses),
        consents=read_consents(session, addresses),
        notes=list_notes(session, donor_ids=ids),
        audit=read_activity(session, "donor", [str(one) for one in ids]),
        erasure=open_request_of(session, ids),
    )


def _suppressions(session: Session, addresses: Sequence[str]) -> list[SuppressionEntry]:
    """Return the suppressions of these addresses, oldest first."""
    ids = session.scalars(select(Suppression.id).where(Suppression.email.in_(addresses))).all()
    return list(reversed(load_suppressions(session, ids)))


def _gifts_of(ids: Sequence[int]) -> Listing:
    return Listing(Donation, ("created_at", "id"), near=lambda one: one.donor_id.in_(ids))


def load_gifts(session: Session, ids: Sequence[int]) -> Sequence[Donation]:
    """Return these donations with their campaigns, newest first."""
    return session.scalars(
        select(Donation)
        .where(Donation.id.in_(ids))
        .options(joinedload(Donation.campaign))
        .order_by(Donation.created_at.desc(), Donation.id.desc())
    ).all()


def read_totals(session: Session, ids: Sequence[int]) -> Sequence[Total]:
    """Return the totals of these records' gifts, by currency."""
    moved = LedgerEntry.amount + LedgerEntry.fee_cover
    payment = LedgerEntry.kind == LedgerKind.payment.value
    found = session.execute(
        select(
            LedgerEntry.currency,
            func.count().filter(payment),
            func.coalesce(func.sum(case((payment, moved), else_=0)), 0),
            func.coalesce(-func.sum(case((payment, 0), else_=moved)), 0),
        )
        .join(Donation, Donation.id == LedgerEntry.donation_id)
        .where(Donation.donor_id.in_(ids), LedgerEntry.kind != LedgerKind.correction.value)
        .group_by(LedgerEntry.currency)
        .order_by(LedgerEntry.currency)
    )
    return [
        Total(code, int(gifts), int(given), int(refunded)) for code, gifts, given, refunded in found
    ]


def read_email_keys(session: Session, rows: Sequence[Donor], cursor: Cursor) -> Keys:
    """Return a page of all emails to this donor, found by any address the donor has used or by donor record."""
    ids = [row.id for row in rows]
    used = session.scalars(
        select(func.lower(Donation.email)).where(Donation.donor_id.in_(ids)).distinct()
    )
    addresses = {row.email.lower() for row in rows} | set(used)
    wanted = _emails_to(ids, sorted(addresses - {""}))
    listing = Listing(OutboxMessage, ("id",), near=lambda _one: wanted)
    return read_keys(session, listing, None, cursor, EMAILS_PER_PAGE)


def _emails_to(ids: Sequence[int], addresses: Sequence[str]) -> ColumnElement[bool]:
    """Match receipts by the donor of their donation, because the address may have been corrected since; match other
    emails by address or donor record.
    """
    # A union of ids: each part uses its own index, and the outer query cannot mislead the planner.
    by_receipt = (
        select(OutboxMessage.id)
        .join(Receipt, Receipt.id == OutboxMessage.receipt_id)
        .join(Donation, Donation.id == Receipt.donation_id)
        .where(Donation.donor_id.in_(ids))
    )
    by_address = select(OutboxMessage.id).where(
        func.lower(OutboxMessage.recipient).in_(addresses), OutboxMessage.receipt_id.is_(None)
    )
    by_row = select(OutboxMessage.id).where(OutboxMessage.donor_id.in_(ids))
    return OutboxMessage.id.in_(by_receipt.union(by_address, by_row))


def load_emails(session: Session, ids: Sequence[int]) -> Sequence[OutboxMessage]:
    """Return these emails, newest first."""
    return session.scalars(
        select(OutboxMessage).where(OutboxMessage.id.in_(ids)).order_by(OutboxMessage.id.desc())
    ).all()
