"""What goes by post: receipts and statements of donors without email, and cards, until a batch of letters was written.

The command writes the file between `waiting_letters` and its commit, so a crash prints a letter again and loses none.
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
from campaign.donations.canonical_donors import speaking_row
from campaign.donations.tribute_cards import STANDING, card_words
from campaign.mailer.kinds import EmailKind
from campaign.models import (
    CardWay,
    Donation,
    Donor,
    OutboxMessage,
    Receipt,
    ReceiptKind,
    TributeCard,
)
from campaign.receipts.receipts import receipt_context
from campaign.receipts.statements import statement_context, told_by_another


class PrintKind(StrEnum):
    """What is printed, as the template of the letters has it."""

    receipt = "receipt"
    statement = "statement"
    card = "card"


@dataclass(frozen=True)
class PostalLetter:
    """One letter. `key` is its row; `address` is empty where nobody knows it."""

    kind: PrintKind
    key: int
    about: str
    address: tuple[str, ...]
    context: dict[str, Any]


def waiting_letters(
    session: Session, organization: Organization, again: datetime | None
) -> Sequence[PostalLetter]:
    """What was not posted, or was since `again`; the rows stay locked until the commit.

    A statement of which nothing is left says so by its absence.
    """
    letters = [
        *(_receipt(session, receipt) for receipt in _receipts(session, again)),
        *(_statement(session, row, organization) for row in _statements(session, again)),
        *(_card(donation, card, organization) for donation, card in _cards(session, again)),
    ]
    return [one for one in letters if one.kind != PrintKind.statement or one.context["gifts"]]


def _receipts(session: Session, again: datetime | None) -> Sequence[Receipt]:
    """The last link of each chain. That a gift is void is told only to who was told of the gift; nobody is written to
    who put money into an envelope without a name.
    """
    later, earlier = aliased(Receipt), aliased(Receipt)
    told = exists().where(
        earlier.donation_id == Receipt.donation_id, earlier.posted_at.is_not(None)
    )
    since: ColumnElement[bool] = Receipt.posted_at >= again if again else ~true()
    query = (
        select(Receipt)
        .join(Receipt.donation)
        .join(Donation.donor)
        .where(
            Donation.email == "",
            or_(Donor.name != "", Donor.address != "", Donation.name != ""),
            or_(Receipt.posted_at.is_(None), since),
            ~exists().where(later.replaces_id == Receipt.id),
            or_(Receipt.kind != ReceiptKind.void.value, told),
        )
        .order_by(Receipt.id)
        .with_for_update(of=Receipt)
    )
    return session.scalars(query).all()


def _statements(session: Session, again: datetime | None) -> Sequence[OutboxMessage]:
    posted = OutboxMessage.details["posted_at"].astext
    since = func.to_timestamp(posted.cast(Double)) >= again if again else ~true()
    query = (
        select(OutboxMessage)
        .where(
            OutboxMessage.kind == EmailKind.statement,
            OutboxMessage.details["by_post"].as_boolean(),
            or_(posted.is_(None), since),
        )
        .order_by(OutboxMessage.id)
        .with_for_update()
    )
    rows = session.scalars(query).all()
    return [row for row in rows if not _told_by_another(session, row)]


def _told_by_another(session: Session, row: OutboxMessage) -> bool:
    donor = session.get_one(Donor, row.donor_id)
    return told_by_another(session, donor, int(row.details["year"]))


def _cards(session: Session, again: datetime | None) -> Sequence[tuple[Donation, TributeCard]]:
    """Of gifts that are paid and stand; what was refunded before is not told any more."""
    since: ColumnElement[bool] = TributeCard.posted_at >= again if again else ~true()
    query = (
        select(Donation, TributeCard)
        .join(TributeCard, TributeCard.donation_id == Donation.id)
        .where(
            TributeCard.way == CardWay.post.value,
            Donation.state.in_(STANDING),
            or_(TributeCard.posted_at.is_(None), since),
        )
        .order_by(TributeCard.id)
        .with_for_update(of=TributeCard)
    )
    return [(donation, card) for donation, card in session.execute(query)]


def _receipt(session: Session, receipt: Receipt) -> PostalLetter:
    """To the address of the row that speaks for the donor, where one is known there."""
    donor = receipt.donation.donor
    address = _lines(speaking_row(session, donor)) or _lines(donor)
    return PostalLetter(
        PrintKind.receipt,
        receipt.id,
        f"receipt {receipt.number}",
        address,
        receipt_context(receipt),
    )


def _statement(session: Session, row: OutboxMessage, organization: Organization) -> PostalLetter:
    donor, year = session.get_one(Donor, row.donor_id), int(row.details["year"])
    context = statement_context(session, donor.id, year, organization)
    about = f"statement {year} of donor {donor.id}"
    return PostalLetter(PrintKind.statement, row.id, about, _lines(donor), context)


def _card(donation: Donation, card: TributeCard, organization: Organization) -> PostalLetter:
    context = {"organization": organization, **card_words(donation, card)}
    address = (card.name, *card.address.splitlines())
    return PostalLetter(PrintKind.card, card.id, f"card of {donation.public_id}", address, context)


def _lines(donor: Donor) -> tuple[str, ...]:
    """The address with the donor's name over it, unless it begins with it; () where there is none."""
    lines = tuple(line.strip() for line in donor.address.splitlines() if line.strip())
    if not lines or not donor.name or lines[0].casefold() == donor.name.casefold():
        return lines
    return donor.name, *lines


def mark_posted(session: Session, letters: Sequence[PostalLetter], at: datetime) -> None:
    """They stand in a file that is safe on the disk."""
    receipts = [one.key for one in letters if one.kind == PrintKind.receipt]
    session.execute(update(Receipt).where(Receipt.id.in_(receipts)).values(posted_at=at))
    cards = [one.key for one in letters if one.kind == PrintKind.card]
    session.execute(update(TributeCard).where(TributeCard.id.in_(cards)).values(posted_at=at))
    posted = func.jsonb_build_object("posted_at", at.timestamp(), type_=JSONB)
    session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.id.in_([one.key for one in letters if one.kind == PrintKind.statement])
        )
        .values(details=OutboxMessage.details.op("||")(posted))
        .execution_options(synchronize_session=False)
    )
