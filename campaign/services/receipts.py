"""Receipts: numbered without gaps in the transaction that issues them, worded once and for all.

What was acknowledged cannot be changed. Money that goes back, or comes again, makes a further receipt that names the
one it replaces: corrected to what is left, or void where nothing is.

What a receipt must say: https://www.irs.gov/pub/irs-pdf/p1771.pdf (written acknowledgment, no goods or services).
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased, joinedload

from campaign import clock
from campaign.config import Organization
from campaign.errors import NotFound
from campaign.models import Donation, Frequency, Receipt, ReceiptCounter, ReceiptKind
from campaign.services import wording
from campaign.services.books import Books
from campaign.services.outbox import queue_receipt
from campaign.words import Words, words


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
    days = gift_date, issued_at.astimezone(zone).date()
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
        frozen=frozen_words(donation, amount, books.organization, days, replaces),
    )
    session.add(receipt)
    session.flush()
    # Who has no address for mail gets the receipt by post.
    if donation.email:
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


def frozen_words(
    donation: Donation,
    amount: int,
    organization: Organization,
    days: tuple[date, date],
    replaces: Receipt | None,
) -> dict[str, Any]:
    """Every word and name as issued, in the donation's language; nothing that changes later may reach a receipt.

    `amount` is in minor units; `days` are those of the gift and of the issue, where the organisation is.
    """
    said = words(donation.locale)
    gift_date, issued = (wording.long_date(day, said) for day in days)
    return {
        "locale": said.locale,
        "kind": _kind(amount, replaces).value,
        "replaces": replaces.number if replaces else "",
        "organization_name": organization.name,
        "organization_ein": organization.ein,
        "organization_address_lines": list(organization.address_lines),
        "donor_name": donation.name,
        "donor_email": donation.email,
        "amount_text": wording.amount(amount, donation.currency, said),
        "gift_date_text": gift_date,
        "issued_text": issued,
        "campaign_title": donation.campaign.title,
        "frequency_text": _frequency(donation, said),
        "wording": _wording(donation, amount, gift_date, organization, replaces, said),
    }


def _frequency(donation: Donation, said: Words) -> str:
    return {
        Frequency.one_time: said.gettext("One-time gift"),
        Frequency.monthly: said.gettext("Monthly gift"),
        Frequency.yearly: said.gettext("Yearly gift"),
    }[Frequency(donation.frequency)]


def _wording(
    donation: Donation,
    amount: int,
    gift_date: str,
    organization: Organization,
    replaces: Receipt | None,
    said: Words,
) -> list[str]:
    values = {
        "organization": organization.name,
        "ein": organization.ein,
        "given": wording.amount(donation.charge, donation.currency, said),
        "left": wording.amount(amount, donation.currency, said),
        "date": gift_date,
        "number": replaces.number if replaces else "",
    }
    received = said.gettext("%(organization)s received your gift of %(given)s on %(date)s.")
    if replaces is None:
        sentences = [received, *_taxes(said)]
    elif amount:
        remains = said.gettext("%(left)s of it remains given.")
        replaced = said.gettext(
            "This replaces receipt %(number)s, which can no longer be used for taxes."
        )
        sentences = [f"{received} {remains}", replaced, *_taxes(said)]
    else:
        gone = said.gettext("All of it has gone back since.")
        voided = said.gettext(
            "This voids receipt %(number)s, which can no longer be used for taxes."
        )
        sentences = [f"{received} {gone}", voided]
    return [sentence % values for sentence in sentences]


def _taxes(said: Words) -> list[str]:
    return [
        said.gettext("No goods or services were provided in exchange for this gift."),
        said.gettext(
            "%(organization)s is a tax-exempt organization under section 501(c)(3) of the Internal Revenue"
            " Code. EIN %(ein)s. Your gift is tax-deductible to the extent the law allows."
        ),
        said.gettext("Please keep this receipt for your tax records."),
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


def valid_receipts(session: Session, donor_id: int | None, year: int) -> Sequence[Receipt]:
    """What stands of a donor's gifts of `year`, in their order: no receipt that is void or was replaced."""
    later = aliased(Receipt)
    return session.scalars(
        select(Receipt)
        .join(Receipt.donation)
        .where(
            Donation.donor_id == donor_id,
            Receipt.gift_date.between(date(year, 1, 1), date(year, 12, 31)),
            Receipt.kind != ReceiptKind.void.value,
            ~exists().where(later.replaces_id == Receipt.id),
        )
        .order_by(Receipt.gift_date, Receipt.id)
    ).all()


def receipt_context(receipt: Receipt) -> dict[str, Any]:
    """A receipt as pages and letters show it: the frozen words, its number, and whether it is still the valid one.

    `kind` is `receipt`, `corrected` or `void`; `replaces` and `replaced_by` are numbers, or empty.
    """
    later = receipt.replaced_by
    return {
        "kind": receipt.kind,
        "replaces": "",
        "locale": "en",
        **receipt.frozen,
        "number": receipt.number,
        "replaced_by": later.number if later else "",
        "voided": receipt.kind == ReceiptKind.void,
    }
