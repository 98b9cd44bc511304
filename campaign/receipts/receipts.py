"""Receipts: numbered without gaps in the transaction that issues them, with text that never changes.

An issued receipt is final. If money is returned, or a return is reversed, a further receipt replaces the previous one:
corrected to the remaining amount, or void if nothing remains.

What a receipt must say: https://www.irs.gov/pub/irs-pdf/p1771.pdf (written acknowledgment, no goods or services).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session, aliased, joinedload

from campaign.core import clock
from campaign.core.booking_context import BookingContext
from campaign.core.errors import NotFound
from campaign.donations.canonical_donors import merged_ids
from campaign.donations.gift_dates import gift_day
from campaign.mailer.kinds import EmailKind
from campaign.mailer.queue import NewEmail, queue_email
from campaign.models import (
    Donation,
    OfflineGift,
    OfflineKind,
    Receipt,
    ReceiptKind,
)
from campaign.receipts.numbers import next_number
from campaign.receipts.payment_notes import add_note
from campaign.receipts.receipt_text import GRANT, MONEY, AcknowledgedGift, frozen_content


def issue_receipt(
    session: Session,
    donation: Donation,
    books: BookingContext,
    issued_at: datetime,
    offline: OfflineGift | None = None,
) -> Receipt:
    """Issue the first receipt of a donation that was just paid, and queue its email. `donation` must be locked.

    `offline` is the offline gift, if the donation did not come through Stripe.
    """
    issued = _Issued(donation.charge, issued_at, replaces=None, offline=offline)
    return _issue(session, donation, books, issued)


def correct_receipt(
    session: Session, donation: Donation, amount: int, books: BookingContext
) -> Receipt | None:
    """Ensure that the valid receipt of the locked `donation` is for `amount`, in minor units.

    Return the new receipt, or None if none is needed. A donation without a receipt has not been paid and gets none.
    """
    latest = session.scalar(
        select(Receipt)
        .where(Receipt.donation_id == donation.id)
        .order_by(Receipt.id.desc())
        .limit(1)
    )
    if latest is None or latest.amount == amount:
        return None
    offline = session.scalar(select(OfflineGift).where(OfflineGift.donation_id == donation.id))
    return _issue(session, donation, books, _Issued(amount, clock.now(), latest, offline))


def reissue(
    session: Session, donation: Donation, latest: Receipt, books: BookingContext, at: datetime
) -> Receipt:
    """Issue a receipt for the same amount with the current name of the locked `donation`; it replaces `latest`."""
    offline = session.scalar(select(OfflineGift).where(OfflineGift.donation_id == donation.id))
    return _issue(session, donation, books, _Issued(latest.amount, at, latest, offline))


@dataclass(frozen=True)
class _Issued:
    """What a new receipt acknowledges, in minor units, and when."""

    amount: int
    at: datetime
    replaces: Receipt | None
    offline: OfflineGift | None


def _issue(session: Session, donation: Donation, books: BookingContext, issued: _Issued) -> Receipt:
    zone = ZoneInfo(books.organization.timezone)
    issued_on = issued.at.astimezone(zone).date()
    gift_date = (donation.charged_at or issued.at).astimezone(zone).date()
    if issued.offline is not None:
        gift_date = _given_on(issued.offline)
    acknowledged = AcknowledgedGift(
        issued.amount, (gift_date, issued_on), issued.replaces, issued.offline
    )
    year, sequence = next_number(session, donation, issued_on.year)
    receipt = Receipt(
        year=year,
        sequence=sequence,
        donation_id=donation.id,
        campaign_id=donation.campaign_id,
        kind=acknowledged.kind.value,
        replaces_id=issued.replaces.id if issued.replaces else None,
        amount=issued.amount,
        currency=donation.currency,
        gift_date=gift_date,
        issued_at=issued.at,
        frozen=frozen_content(donation, books.organization, acknowledged),
    )
    session.add(receipt)
    session.flush()
    add_note(session, receipt)
    # Donors without an email address get the receipt by mail.
    if donation.email:
        queue_receipt(session, receipt, donation.email, books.mail_domain)
    return receipt


def queue_receipt(session: Session, receipt: Receipt, recipient: str, mail_domain: str) -> None:
    """Queue the receipt's email, unless it is already queued or sent."""
    email = NewEmail(
        kind=EmailKind.receipt,
        subject_key=receipt.number,
        recipient=recipient,
        receipt_id=receipt.id,
    )
    queue_email(session, email, mail_domain)


def _given_on(offline: OfflineGift) -> date:
    return gift_day(OfflineKind(offline.kind), offline.received_on, offline.postmarked_on)


def find_receipt(session: Session, token: str) -> Receipt:
    """Return the receipt with `token`, its donation and the receipts before and after it. Raise NotFound."""
    receipt = session.scalar(
        select(Receipt)
        .where(Receipt.token == token)
        .options(
            joinedload(Receipt.donation),
            joinedload(Receipt.replaces),
            joinedload(Receipt.replaced_by),
        )
    )
    if receipt is None:
        raise NotFound("There is no receipt at this address.")
    return receipt


def is_tax_receipt() -> ColumnElement[bool]:
    """Return the condition for receipts that count for taxes. A grant from a donor-advised fund does not."""
    return func.coalesce(Receipt.frozen["acknowledges"].astext, MONEY) != GRANT


def valid_receipts(session: Session, donor_id: int, year: int) -> Sequence[Receipt]:
    """Return the valid receipts of a donor's gifts in `year`, by date: none that is void or was replaced.

    This includes the gifts of records that were merged into the donor.
    """
    later = aliased(Receipt)
    return session.scalars(
        select(Receipt)
        .join(Receipt.donation)
        .where(
            Donation.donor_id.in_(merged_ids(donor_id)),
            Receipt.gift_date.between(date(year, 1, 1), date(year, 12, 31)),
            Receipt.kind != ReceiptKind.void.value,
            ~exists().where(later.replaces_id == Receipt.id),
            is_tax_receipt(),
        )
        .order_by(Receipt.gift_date, Receipt.id)
    ).all()


def receipt_context(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt for pages and emails: the frozen text, its number, and whether it is still valid.

    `kind` is `receipt`, `corrected` or `void`; `replaces` and `replaced_by` are receipt numbers or ''.
    """
    later = receipt.replaced_by
    return {
        "kind": receipt.kind,
        "replaces": "",
        "locale": "en",
        "acknowledges": MONEY,
        "gone": "",
        "renamed": False,
        **receipt.frozen,
        "number": receipt.number,
        "replaced_by": later.number if later else "",
        "voided": receipt.kind == ReceiptKind.void,
    }
