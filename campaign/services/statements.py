"""Statements of a year: what stands of a donor's gifts, by their valid receipts, in one letter for the taxes.

What it must say: https://www.irs.gov/pub/irs-pdf/p1771.pdf (organisation, amounts, no goods or services).
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Select, case, exists, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from campaign.config import Organization
from campaign.models import Donation, Donor, OutboxMessage, OutboxState, Receipt, ReceiptKind
from campaign.services import wording
from campaign.services.audience import new_message_id
from campaign.services.receipts import valid_receipts
from campaign.words import Words, words

STATEMENT = "statement"
BY_POST = "goes by post: the donor has no email address"


class Recipient(NamedTuple):
    """A donor who gets a statement; `email` is '' for one who gets it by post."""

    donor_id: int
    email: str
    name: str
    locale: str


def recipients(session: Session, year: int) -> Sequence[Recipient]:
    """Whoever has a valid receipt for a gift of `year`, by id."""
    found = session.execute(_givers(year).order_by(Donor.id))
    return [Recipient(*row._tuple()) for row in found]


def _givers(year: int) -> Select[int, str, str, str]:
    later = aliased(Receipt)
    gave = exists().where(
        Donation.donor_id == Donor.id,
        Receipt.donation_id == Donation.id,
        Receipt.gift_date.between(date(year, 1, 1), date(year, 12, 31)),
        Receipt.kind != ReceiptKind.void.value,
        ~exists().where(later.replaces_id == Receipt.id),
    )
    return select(Donor.id, Donor.email, Donor.name, Donor.locale).where(gave)


def queue_statements(session: Session, year: int, mail_domain: str) -> Sequence[str]:
    """One message a donor and year, however often this is called; the address of each that is new.

    Whoever has no address ('') gets a row that is never mailed and waits for `campaign letters`.
    """
    giver = _givers(year).order_by(Donor.id).subquery()
    by_post = giver.c.email == ""
    details = func.jsonb_build_object("year", year, "by_post", by_post)
    rows = select(
        literal(STATEMENT),
        func.concat(literal(f"{year}:"), giver.c.id),
        giver.c.id,
        giver.c.email,
        giver.c.name,
        giver.c.locale,
        details,
        new_message_id(STATEMENT, mail_domain),
        case((by_post, OutboxState.dropped.value), else_=OutboxState.queued.value),
        case((by_post, BY_POST), else_=None),
    )
    queued = session.scalars(
        insert(OutboxMessage)
        .from_select(_COLUMNS, rows)
        .on_conflict_do_nothing(index_elements=["kind", "subject_key"])
        .returning(OutboxMessage.recipient)
    )
    return queued.all()


_COLUMNS = [
    "kind",
    "subject_key",
    "donor_id",
    "recipient",
    "name",
    "locale",
    "details",
    "message_id",
    "state",
    "last_error",
]


def count_new(session: Session, year: int) -> Sequence[str]:
    """The addresses that `queue_statements` would answer now; writes nothing."""
    known = exists().where(
        OutboxMessage.kind == STATEMENT,
        OutboxMessage.subject_key == func.concat(literal(f"{year}:"), Donor.id),
    )
    return [row.email for row in session.execute(_givers(year).where(~known))]


def statement_context(
    session: Session,
    donor_id: int,
    year: int,
    organization: Organization,
    locale: str | None = None,
) -> dict[str, Any]:
    """The statement as letters and paper show it, in `locale` or else the donor's; a total a currency."""
    donor = session.get_one(Donor, donor_id)
    said = words(locale or donor.locale)
    receipts = valid_receipts(session, donor_id, year)
    totals: dict[str, int] = {}
    for receipt in receipts:
        totals[receipt.currency] = totals.get(receipt.currency, 0) + receipt.amount
    return {
        "locale": said.locale,
        "year": str(year),
        "donor_name": donor.name or donor.email,
        "gifts": [
            {
                "date_text": wording.short_date(receipt.gift_date, said),
                "number": receipt.number,
                "amount_text": wording.amount(receipt.amount, receipt.currency, said),
                "campaign_title": receipt.frozen["campaign_title"],
            }
            for receipt in receipts
        ],
        "totals": [wording.amount(totals[one], one, said) for one in sorted(totals)],
        "organization_name": organization.name,
        "organization_ein": organization.ein,
        "organization_address_lines": list(organization.address_lines),
        "wording": _wording(organization, said),
    }


def _wording(organization: Organization, said: Words) -> list[str]:
    each = said.gettext(
        "Each gift has a receipt of its own, which stays valid. No goods or services were provided in"
        " exchange for these gifts."
    )
    exempt = said.gettext(
        "%(organization)s is a tax-exempt organization under section 501(c)(3) of the Internal Revenue"
        " Code. EIN %(ein)s. Your gift is tax-deductible to the extent the law allows."
    )
    return [each, exempt % {"organization": organization.name, "ein": organization.ein}]
