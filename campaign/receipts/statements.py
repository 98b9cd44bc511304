"""Yearly statements for taxes: a donor's gifts in a year, from their valid receipts.

What a statement must say: https://www.irs.gov/pub/irs-pdf/p1771.pdf (organization, amounts, no goods or services).
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, case, exists, func, literal, select, update
from sqlalchemy.orm import Session, aliased

from campaign.campaigns import formatting
from campaign.core.i18n import Language, get_language
from campaign.core.settings import Organization
from campaign.donations.canonical_donors import canonical_id
from campaign.mailer.kinds import EmailKind
from campaign.mailer.queue import insert_from_select
from campaign.models import Donation, Donor, OutboxMessage, OutboxState, Receipt, ReceiptKind
from campaign.receipts.receipt_text import PROPERTY
from campaign.receipts.receipts import is_tax_receipt, valid_receipts

BY_MAIL = "to be mailed on paper: the donor has no email address"


class StatementRecipient(NamedTuple):
    """A donor who gets a statement; `email` is '' if it is mailed on paper."""

    donor_id: int
    email: str
    name: str
    locale: str


def recipients(session: Session, year: int) -> Sequence[StatementRecipient]:
    """Return the donors with a valid receipt for a gift in `year`, by id."""
    found = session.execute(_givers(year).order_by(Donor.id))
    return [StatementRecipient(*row) for row in found]


def _givers(year: int) -> Select[int, str, str, str]:
    """Return the query for one row per person: merged records count for the canonical donor. Erased donors get none."""
    later, giver = aliased(Receipt), aliased(Donor)
    gave = exists().where(
        canonical_id(giver) == Donor.id,
        Donation.donor_id == giver.id,
        Receipt.donation_id == Donation.id,
        Receipt.gift_date.between(date(year, 1, 1), date(year, 12, 31)),
        Receipt.kind != ReceiptKind.void.value,
        ~exists().where(later.replaces_id == Receipt.id),
        is_tax_receipt(),
    )
    speaks = and_(Donor.merged_into_id.is_(None), Donor.erased_at.is_(None))
    return select(Donor.id, Donor.email, Donor.name, Donor.locale).where(speaks, gave)


def queue_statements(session: Session, year: int, mail_domain: str) -> Sequence[str]:
    """Queue one statement per donor and year, however often this is called; return the address of each new one.

    A donor without an email address ('') gets a row that is not emailed; `campaign print-receipts` prints it.
    """
    giver = _givers(year).order_by(Donor.id).subquery()
    by_mail = giver.c.email == ""
    details = func.jsonb_build_object("year", year, "by_mail", by_mail)
    emails = select(
        func.concat(literal(f"{year}:"), giver.c.id).label("subject_key"),
        giver.c.id.label("donor_id"),
        giver.c.email.label("recipient"),
        giver.c.name,
        giver.c.locale,
        details.label("details"),
        case((by_mail, OutboxState.dropped.value), else_=OutboxState.queued.value).label("state"),
        case((by_mail, BY_MAIL), else_=None).label("last_error"),
    )
    queued = insert_from_select(EmailKind.statement, emails, mail_domain)
    return session.scalars(queued.returning(OutboxMessage.recipient)).all()


def count_new(session: Session, year: int) -> Sequence[str]:
    """Return the addresses that `queue_statements` would return now, without writing anything."""
    known = exists().where(
        OutboxMessage.kind == EmailKind.statement,
        OutboxMessage.subject_key == func.concat(literal(f"{year}:"), Donor.id),
    )
    return [row.email for row in session.execute(_givers(year).where(~known))]


def covered_by_canonical_statement(session: Session, donor: Donor, year: int) -> bool:
    """Return whether the statement of the canonical donor covers this merged record's gifts.

    If that statement was already sent, it does not include them, so the merged record's own statement is needed.
    """
    if donor.merged_into_id is None:
        return False
    already_sent = exists().where(
        OutboxMessage.kind == EmailKind.statement,
        OutboxMessage.subject_key == f"{year}:{donor.merged_into_id}",
        OutboxMessage.state == OutboxState.sent.value,
    )
    return not session.scalar(select(already_sent))


COVERED_BY_CANONICAL_STATEMENT = "the donor was merged into donor {}, who gets the statement"
"""Why a merged row's statement was dropped."""


def queue_dropped_again(session: Session, donor_ids: Sequence[int], at: datetime) -> int:
    """Queue the statements of unmerged donors that were dropped while they were merged; return how many."""
    queued = session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.kind == EmailKind.statement,
            OutboxMessage.donor_id.in_(donor_ids),
            OutboxMessage.state == OutboxState.dropped.value,
            OutboxMessage.last_error.startswith(COVERED_BY_CANONICAL_STATEMENT.partition("{")[0]),
        )
        .values(state=OutboxState.queued.value, next_attempt_at=at, last_error=None)
        .returning(OutboxMessage.id)
        .execution_options(synchronize_session=False)
    )
    return len(queued.all())


def statement_context(
    session: Session,
    donor_id: int,
    year: int,
    organization: Organization,
    locale: str | None = None,
) -> dict[str, Any]:
    """Return a statement for the email and the PDF, in `locale` or the donor's language, with a total per currency.

    Gifts of property are described; the totals do not include them.
    """
    donor = session.get_one(Donor, donor_id)
    language = get_language(locale or donor.locale)
    receipts = valid_receipts(session, donor_id, year)
    totals: dict[str, int] = {}
    for receipt in receipts:
        if receipt.frozen.get("acknowledges") == PROPERTY:
            continue
        totals[receipt.currency] = totals.get(receipt.currency, 0) + receipt.amount
    return {
        "locale": language.locale,
        "year": str(year),
        "donor_name": donor.name or donor.email,
        "gifts": [
            {
                "date_text": formatting.short_date(receipt.gift_date, language),
                "number": receipt.number,
                "amount_text": _what(receipt, language),
                "campaign_title": receipt.frozen["campaign_title"],
            }
            for receipt in receipts
        ],
        "totals": [formatting.amount(totals[one], one, language) for one in sorted(totals)],
        "organization_name": organization.name,
        "organization_ein": organization.ein,
        "organization_address_lines": list(organization.address_lines),
        "wording": _wording(organization, language),
    }


def _what(receipt: Receipt, language: Language) -> str:
    if receipt.frozen.get("acknowledges") == PROPERTY:
        return str(receipt.frozen["amount_text"])
    return formatting.amount(receipt.amount, receipt.currency, language)


def _wording(organization: Organization, language: Language) -> list[str]:
    each = language.gettext(
        "Each gift has its own receipt, which remains valid. No goods or services were provided in"
        " exchange for these gifts."
    )
    exempt = language.gettext(
        "%(organization)s is a tax-exempt organization under section 501(c)(3) of the Internal Revenue"
        " Code. EIN %(ein)s. Your gift is tax-deductible to the extent the law allows."
    )
    return [each, exempt % {"organization": organization.name, "ein": organization.ein}]
