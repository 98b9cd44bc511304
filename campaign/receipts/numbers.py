"""Receipt numbers: without gaps per year, and after a restore above every number that was ever given.

A restored database does not know the numbers given since its backup. So after a restore no receipt is issued until
Stripe was asked, whose metadata has them (`receipts.payment_notes`). Each of those numbers is then reserved: for the
gift that Stripe's metadata names, which gets it again once it is restored, or for nobody.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.core.errors import FactMismatch, ReceiptsHeld
from campaign.gateway import PaymentIntent
from campaign.models import Donation, Receipt, ReceiptCounter, ReservedReceipt, Restoration
from campaign.runtime.context import Installation

Number = tuple[int, int]
"""The year and the sequence of a receipt number."""

_NUMBER = re.compile(r"(20\d\d)-(\d{6,9})")
LARGEST_GAP = 1_000_000
"""More numbers than a year has receipts: metadata that names a higher one was not written by this service."""

BEFORE_THE_BACKUP = timedelta(days=35)
"""How long before the newest payment in the backup to begin: the number of a check is written to an earlier payment."""


@dataclass(frozen=True)
class ReadNumbers:
    """The highest number by year, and the public id of the donation by number, as Stripe's metadata has them."""

    highest: Mapping[int, int]
    donations: Mapping[Number, str]


def parse_number(number: str) -> Number | None:
    """Return the year and sequence of a receipt number such as 2026-000123; None if it is none."""
    found = _NUMBER.fullmatch(number)
    return (int(found[1]), int(found[2])) if found else None


def format_number(year: int, sequence: int) -> str:
    """Return the number as people read it, such as 2026-000123."""
    return f"{year}-{sequence:06d}"


def next_number(session: Session, donation: Donation, year: int) -> Number:
    """Return the number for the next receipt of `donation`: one that it had before a restore, else the year's next.

    This locks the year's counter until the commit, so a rolled-back number is used again. Raises ReceiptsHeld.
    """
    given = exists().where(
        Receipt.year == ReservedReceipt.year, Receipt.sequence == ReservedReceipt.sequence
    )
    had = (
        select(ReservedReceipt.year, ReservedReceipt.sequence)
        .where(ReservedReceipt.donation == donation.public_id, ~given)
        .order_by(ReservedReceipt.year, ReservedReceipt.sequence)
        .limit(1)
        .subquery()
    )
    held = select(_unread().label("held")).subquery()
    unread, *number = session.execute(
        select(held.c.held, had.c.year, had.c.sequence).select_from(
            held.outerjoin(had, text("true"))
        )
    ).one()
    if unread:
        raise ReceiptsHeld(
            "No receipt is issued after a restore until the numbers given since the backup are read from Stripe."
            " Run `campaign reconcile --apply`."
        )
    if number[0] is not None:
        return number[0], number[1]
    return year, _next_sequence(session, year)


def _next_sequence(session: Session, year: int) -> int:
    return session.execute(
        insert(ReceiptCounter)
        .values(year=year, last=1)
        .on_conflict_do_update(
            index_elements=[ReceiptCounter.year], set_={"last": ReceiptCounter.last + 1}
        )
        .returning(ReceiptCounter.last)
    ).scalar_one()


def _unread() -> ColumnElement[bool]:
    return exists().where(Restoration.numbers_read_at.is_(None))


def are_held(session: Session) -> bool:
    """Return whether receipts wait until Stripe was asked for the numbers given since the restored backup."""
    return bool(session.scalar(select(_unread())))


def hold_numbers(session: Session, backup_made_at: datetime) -> None:
    """Hold all receipts: the database was restored from a backup made at that time."""
    session.add(Restoration(backup_made_at=backup_made_at))
    session.flush()


def read_given_numbers(installation: Installation, at: datetime) -> bool:
    """If receipts are held, ask Stripe which numbers were given, and release them; return whether they were held.

    Repeated and concurrent calls are harmless. Raises GatewayUnavailable, GatewayRefused or FactMismatch.
    """
    with installation.sessions() as session:
        if not are_held(session):
            return False
        since = _read_since(session)
    read = _collect(installation.gateway.payments.list_payment_intents(since))
    with installation.sessions.begin() as session:
        save_given_numbers(session, read, at)
    return True


def _read_since(session: Session) -> datetime:
    """Return from which payment on to read: every number is written to a payment that is not much older."""
    made = session.scalars(
        select(func.min(Restoration.backup_made_at)).where(Restoration.numbers_read_at.is_(None))
    ).one()
    newest = session.scalar(
        select(func.max(Donation.created_at)).where(Donation.payment_intent_id.is_not(None))
    )
    moments = [one for one in (made, newest) if one is not None]
    return min(moments) - BEFORE_THE_BACKUP


def _collect(intents: Iterable[PaymentIntent]) -> ReadNumbers:
    highest: dict[int, int] = defaultdict(int)
    donations: dict[Number, str] = {}
    for intent in intents:
        for number in (*intent.receipts, *intent.highest_receipts):
            found = parse_number(number)
            if found is None:
                continue
            highest[found[0]] = max(highest[found[0]], found[1])
            if number in intent.receipts and intent.donation_id:
                donations[found] = intent.donation_id
    return ReadNumbers(highest, donations)


def save_given_numbers(session: Session, read: ReadNumbers, at: datetime) -> None:
    """Raise the counters to the highest numbers, reserve what the backup lacks, and release the receipts."""
    # Numbers are given under the counter's lock; this one keeps the reservations of two calls apart.
    session.execute(select(Restoration.id).order_by(Restoration.id).with_for_update())
    for year, highest in sorted(read.highest.items()):
        last = _lock_counter(session, year)
        if highest - last > LARGEST_GAP:
            named, known = format_number(year, highest), format_number(year, last)
            raise FactMismatch(
                f"Stripe's metadata names receipt {named}, but the backup ends at {known}."
                " Remove the wrong number from that payment's metadata in Stripe's dashboard."
            )
        if highest > last:
            _reserve(session, year, last + 1, highest)
            session.execute(
                update(ReceiptCounter).where(ReceiptCounter.year == year).values(last=highest)
            )
    _name_reservations(session, read.donations)
    session.execute(
        update(Restoration)
        .where(Restoration.numbers_read_at.is_(None))
        .values(numbers_read_at=at)
        .execution_options(synchronize_session=False)
    )


def _lock_counter(session: Session, year: int) -> int:
    session.execute(insert(ReceiptCounter).values(year=year, last=0).on_conflict_do_nothing())
    return session.scalars(
        select(ReceiptCounter.last).where(ReceiptCounter.year == year).with_for_update()
    ).one()


def _reserve(session: Session, year: int, first: int, last: int) -> None:
    numbers = select(text(":year"), func.generate_series(first, last)).params(year=year)
    session.execute(
        insert(ReservedReceipt)
        .from_select([ReservedReceipt.year, ReservedReceipt.sequence], numbers)
        .on_conflict_do_nothing()
    )


def _name_reservations(session: Session, donations: Mapping[Number, str]) -> None:
    for (year, sequence), donation in sorted(donations.items()):
        session.execute(
            update(ReservedReceipt)
            .where(
                ReservedReceipt.year == year,
                ReservedReceipt.sequence == sequence,
                ReservedReceipt.donation.is_(None),
            )
            .values(donation=donation)
            .execution_options(synchronize_session=False)
        )


def name_reserved_numbers(session: Session, intent: PaymentIntent) -> None:
    """Reserve the numbers of one payment for its donation, if they are reserved for nobody yet."""
    if intent.donation_id:
        numbers = [found for number in intent.receipts if (found := parse_number(number))]
        _name_reservations(session, dict.fromkeys(numbers, intent.donation_id))
