"""Receipts: numbered without gaps in the transaction that issues them, worded once and for all.

What was acknowledged cannot be changed. Money that goes back, or comes again, makes a further receipt that names the
one it replaces: corrected to what is left, or void where nothing is.

What a receipt must say: https://www.irs.gov/pub/irs-pdf/p1771.pdf (written acknowledgment, no goods or services).
"""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, joinedload

from campaign import clock, money
from campaign.config import Organization
from campaign.errors import NotFound
from campaign.models import Donation, Receipt, ReceiptCounter, ReceiptKind
from campaign.services.books import Books
from campaign.services.outbox import queue_receipt

_FREQUENCIES = {"one_time": "One-time gift", "monthly": "Monthly gift", "yearly": "Yearly gift"}


def issue_receipt(
    session: Session, donation: Donation, books: Books, issued_at: datetime
) -> Receipt:
    """The receipt of a donation that was just paid, and its letter; `donation` is locked and has none yet."""
    return _issue(session, donation, donation.charge, books, issued_at, replaces=None)


def acknowledge(session: Session, donation: Donation, amount: int, books: Books) -> Receipt | None:
    """See that the valid receipt of the locked `donation` names `amount`, in minor units; the new one, if it takes one.

    A donation without a receipt has not been paid, and gets none here.
    """
    latest = session.scalar(
        select(Receipt)
        .where(Receipt.donation_id == donation.id)
        .order_by(Receipt.id.desc())
        .limit(1)
    )
    if latest is None or latest.amount == amount:
        return None
    return _issue(session, donation, amount, books, clock.now(), replaces=latest)


def _issue(
    session: Session,
    donation: Donation,
    amount: int,
    books: Books,
    issued_at: datetime,
    *,
    replaces: Receipt | None,
) -> Receipt:
    zone = ZoneInfo(books.organization.timezone)
    gift_date = (donation.charged_at or issued_at).astimezone(zone).date()
    year = issued_at.astimezone(zone).year
    dates = _written(gift_date), _written(issued_at.astimezone(zone).date())
    receipt = Receipt(
        year=year,
        sequence=_next_sequence(session, year),
        donation_id=donation.id,
        kind=_kind(amount, replaces).value,
        replaces_id=replaces.id if replaces else None,
        amount=amount,
        currency=donation.currency,
        gift_date=gift_date,
        issued_at=issued_at,
        frozen=_frozen(donation, amount, books.organization, dates, replaces),
    )
    session.add(receipt)
    session.flush()
    queue_receipt(session, receipt, donation.email, books.mail_domain)
    return receipt


def _kind(amount: int, replaces: Receipt | None) -> ReceiptKind:
    if replaces is None:
        return ReceiptKind.receipt
    return ReceiptKind.corrected if amount else ReceiptKind.void


def _next_sequence(session: Session, year: int) -> int:
    """Locks the year's row until the commit: a number that is rolled back is given out again."""
    return session.execute(
        insert(ReceiptCounter)
        .values(year=year, last=1)
        .on_conflict_do_update(
            index_elements=[ReceiptCounter.year], set_={"last": ReceiptCounter.last + 1}
        )
        .returning(ReceiptCounter.last)
    ).scalar_one()


def _written(day: date) -> str:
    return str(format_date(day, "long", locale="en"))


def _frozen(
    donation: Donation,
    amount: int,
    organization: Organization,
    dates: tuple[str, str],
    replaces: Receipt | None,
) -> dict[str, Any]:
    """Every word and name as issued; nothing that changes later may reach a receipt."""
    gift_date, issued = dates
    written = money.format_money(amount, donation.currency)
    return {
        "kind": _kind(amount, replaces).value,
        "replaces": replaces.number if replaces else "",
        "organization_name": organization.name,
        "organization_ein": organization.ein,
        "organization_address_lines": list(organization.address_lines),
        "donor_name": donation.name,
        "donor_email": donation.email,
        "amount_text": written,
        "gift_date_text": gift_date,
        "issued_text": issued,
        "campaign_title": donation.campaign.title,
        "frequency_text": _FREQUENCIES[donation.frequency],
        "wording": _wording(donation, amount, gift_date, organization, replaces),
    }


def _wording(
    donation: Donation,
    amount: int,
    gift_date: str,
    organization: Organization,
    replaces: Receipt | None,
) -> list[str]:
    left = money.format_money(amount, donation.currency)
    given = money.format_money(donation.charge, donation.currency)
    exempt = (
        f"{organization.name} is a tax-exempt organization under section 501(c)(3) of the Internal"
        f" Revenue Code. EIN {organization.ein}."
        " Your gift is tax-deductible to the extent the law allows."
    )
    nothing = "No goods or services were provided in exchange for this gift."
    if replaces is None:
        return [
            f"{organization.name} received your gift of {given} on {gift_date}.",
            nothing,
            exempt,
            "Please keep this receipt for your tax records.",
        ]
    first = f"{organization.name} received your gift of {given} on {gift_date}."
    if not amount:
        return [
            f"{first} All of it has gone back since.",
            f"This voids receipt {replaces.number}, which can no longer be used for taxes.",
        ]
    return [
        f"{first} {left} of it remains given.",
        f"This replaces receipt {replaces.number}, which can no longer be used for taxes.",
        nothing,
        exempt,
        "Please keep this receipt for your tax records.",
    ]


def find_receipt(session: Session, token: str) -> Receipt:
    """The receipt at `token`, with its donation and its neighbours in the chain; raises NotFound."""
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


def receipt_context(receipt: Receipt) -> dict[str, Any]:
    """A receipt as pages and letters show it: the frozen words, its number, and whether it is still the valid one.

    `kind` is `receipt`, `corrected` or `void`; `replaces` and `replaced_by` are numbers, or empty.
    """
    later = receipt.replaced_by
    return {
        "kind": receipt.kind,
        "replaces": "",
        **receipt.frozen,
        "number": receipt.number,
        "replaced_by": later.number if later else "",
        "voided": receipt.kind == ReceiptKind.void,
    }
