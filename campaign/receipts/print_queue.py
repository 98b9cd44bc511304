"""Letters to print and mail: receipts and statements for donors without email, and tribute cards.

The command writes the file between `list_print_queue` and its commit, so a crash may print a letter twice but never
loses one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Double, exists, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, aliased

from campaign.core.settings import Organization
from campaign.donations.canonical_donors import canonical_donor
from campaign.donations.tribute_cards import FUNDED_STATES, card_context
from campaign.mailer.kinds import EmailKind
from campaign.models import (
    CardDelivery,
    Donation,
    Donor,
    OutboxMessage,
    Receipt,
    ReceiptKind,
    TributeCard,
)
from campaign.receipts.receipts import receipt_context
from campaign.receipts.statements import covered_by_canonical_statement, statement_context


class PrintKind(StrEnum):
    """What is printed, as the print template names it."""

    receipt = "receipt"
    statement = "statement"
    card = "card"


@dataclass(frozen=True)
class PrintItem:
    """One letter to mail. `key` is its row id; `address` is empty if unknown."""

    kind: PrintKind
    key: int
    about: str
    address: tuple[str, ...]
    context: dict[str, Any]


def list_print_queue(
    session: Session, organization: Organization, again: datetime | None
) -> Sequence[PrintItem]:
    """Return letters not printed yet, or printed since `again`. Their rows stay locked until the commit.

    A statement without remaining gifts is left out.
    """
    letters = [
        *(_receipt(session, receipt) for receipt in _receipts(session, again)),
        *(_statement(session, row, organization) for row in _statements(session, again)),
        *(_card(donation, card, organization) for donation, card in _cards(session, again)),
    ]
    return [one for one in letters if one.kind != PrintKind.statement or one.context["gifts"]]


def _receipts(session: Session, again: datetime | None) -> Sequence[Receipt]:
    """Return the latest receipt of each chain.

    A void receipt is mailed only if an earlier receipt of the gift was. Gifts without a name or address get no letter.
    """
    later, earlier = aliased(Receipt), aliased(Receipt)
    printed_before = exists().where(
        earlier.donation_id == Receipt.donation_id, earlier.mailed_at.is_not(None)
    )
    since: ColumnElement[bool] = Receipt.mailed_at >= again if again else ~true()
    query = (
        select(Receipt)
        .join(Receipt.donation)
        .join(Donation.donor)
        .where(
            Donation.email == "",
            or_(Donor.name != "", Donor.address != "", Donation.name != ""),
            or_(Receipt.mailed_at.is_(None), since),
            ~exists().where(later.replaces_id == Receipt.id),
            or_(Receipt.kind != ReceiptKind.void.value, printed_before),
        )
        .order_by(Receipt.id)
        .with_for_update(of=Receipt)
    )
    return session.scalars(query).all()


def _statements(session: Session, again: datetime | None) -> Sequence[OutboxMessage]:
    posted = OutboxMessage.details["mailed_at"].astext
    since = func.to_timestamp(posted.cast(Double)) >= again if again else ~true()
    query = (
        select(OutboxMessage)
        .where(
            OutboxMessage.kind == EmailKind.statement,
            OutboxMessage.details["by_mail"].as_boolean(),
            or_(posted.is_(None), since),
        )
        .order_by(OutboxMessage.id)
        .with_for_update()
    )
    rows = session.scalars(query).all()
    return [row for row in rows if not _told_by_another(session, row)]


def _told_by_another(session: Session, row: OutboxMessage) -> bool:
    donor = session.get_one(Donor, row.donor_id)
    return covered_by_canonical_statement(session, donor, int(row.details["year"]))


def _cards(session: Session, again: datetime | None) -> Sequence[tuple[Donation, TributeCard]]:
    """Return the cards of paid gifts; cards of refunded gifts are not sent."""
    since: ColumnElement[bool] = TributeCard.mailed_at >= again if again else ~true()
    query = (
        select(Donation, TributeCard)
        .join(TributeCard, TributeCard.donation_id == Donation.id)
        .where(
            TributeCard.delivery == CardDelivery.post.value,
            Donation.state.in_(FUNDED_STATES),
            or_(TributeCard.mailed_at.is_(None), since),
        )
        .order_by(TributeCard.id)
        .with_for_update(of=TributeCard)
    )
    return [(donation, card) for donation, card in session.execute(query)]


def _receipt(session: Session, receipt: Receipt) -> PrintItem:
    """Return the letter of a receipt, addressed to the canonical donor if that record has an address."""
    donor = receipt.donation.donor
    address = _lines(canonical_donor(session, donor)) or _lines(donor)
    return PrintItem(
        PrintKind.receipt,
        receipt.id,
        f"receipt {receipt.number}",
        address,
        receipt_context(receipt),
    )


def _statement(session: Session, row: OutboxMessage, organization: Organization) -> PrintItem:
    donor, year = session.get_one(Donor, row.donor_id), int(row.details["year"])
    context = statement_context(session, donor.id, year, organization)
    about = f"statement {year} of donor {donor.id}"
    return PrintItem(PrintKind.statement, row.id, about, _lines(donor), context)


def _card(donation: Donation, card: TributeCard, organization: Organization) -> PrintItem:
    context = {"organization": organization, **card_context(donation, card)}
    address = (card.name, *card.address.splitlines())
    return PrintItem(PrintKind.card, card.id, f"card of {donation.public_id}", address, context)


def _lines(donor: Donor) -> tuple[str, ...]:
    """Return the address lines with the donor's name first, or () if there is no address."""
    lines = tuple(line.strip() for line in donor.address.splitlines() if line.strip())
    if not lines or not donor.name or lines[0].casefold() == donor.name.casefold():
        return lines
    return donor.name, *lines


def mark_mailed(session: Session, letters: Sequence[PrintItem], at: datetime) -> None:
    """Record that the letters were printed, once their file is safely on disk."""
    receipts = [one.key for one in letters if one.kind == PrintKind.receipt]
    session.execute(update(Receipt).where(Receipt.id.in_(receipts)).values(mailed_at=at))
    cards = [one.key for one in letters if one.kind == PrintKind.card]
    session.execute(update(TributeCard).where(TributeCard.id.in_(cards)).values(mailed_at=at))
    posted = func.jsonb_build_object("mailed_at", at.timestamp(), type_=JSONB)
    session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.id.in_([one.key for one in letters if one.kind == PrintKind.statement])
        )
        .values(details=OutboxMessage.details.op("||")(posted))
        .execution_options(synchronize_session=False)
    )
