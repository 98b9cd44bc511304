"""How a search box is read: ids and numbers as such, amounts in each currency, everything else as words.

Several readings of one text stand beside each other: `25` is an amount, and may be a cheque's number.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, cast, func, or_, select, union_all
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import InstrumentedAttribute, Session

from campaign.core import money
from campaign.core.errors import AmountInvalid
from campaign.core.input_limits import one_line
from campaign.models import (
    Campaign,
    Charge,
    Dispute,
    Donor,
    FraudWarning,
    LedgerEntry,
    OfflineGift,
    Receipt,
    Refund,
    Subscription,
)

Entity = Any
"""A mapped class, or an alias of it."""

Condition = Callable[[Entity], ColumnElement[bool]]

LONGEST = 200
"""Characters of a search; the rest is not read."""

_RECEIPT_NUMBER = re.compile(r"(\d{4})-(\d{1,9})")
_NUMBER = re.compile(r"\d{1,18}")


@dataclass(frozen=True)
class Search:
    """What to look for. `words`: it is found among words, of which there may be very many."""

    condition: Condition
    words: bool = False


def read_donation_search(session: Session, text: str) -> Search | None:
    """The donations that `text` may mean; None where nothing was typed."""
    text = one_line(text, LONGEST)
    if not text:
        return None
    identified = _by_identifier(text)
    if identified is not None:
        return Search(identified)
    donor_ids = _known_donors(session, text)
    if donor_ids:
        return Search(lambda one: one.donor_id.in_(donor_ids))
    conditions: list[Condition] = [lambda one: one.code == text]
    numbered = _numbered(session, text)
    if numbered:
        conditions.append(lambda one: one.id.in_(numbered))
    sums = _sums(session, text)
    if sums:
        conditions += [_costs(minor, currency) for currency, minor in sums]
    else:
        conditions += [_speaks(query) for query in prefix_query(session, text)]
    return Search(lambda one: or_(*(each(one) for each in conditions)), words=True)


def read_donor_search(session: Session, text: str) -> Search | None:
    """The donors that `text` may mean: an address, a row's number, or words of name, email and postal address."""
    text = one_line(text, LONGEST)
    if not text:
        return None
    donor_ids = _known_donors(session, text)
    if donor_ids:
        return Search(lambda one: one.id.in_(donor_ids))
    conditions = [_speaks(query) for query in prefix_query(session, text)]
    if _NUMBER.fullmatch(text):
        conditions.append(lambda one: one.id == int(text))
    return Search(lambda one: or_(False, *(each(one) for each in conditions)), words=True)  # noqa: FBT003 - SQL's false


def prefix_query(session: Session, text: str) -> list[str]:
    """`text` as a tsquery that asks for the beginning of each of its words; none where it has no words."""
    found = session.scalar(select(func.tsvector_to_array(func.search_words(text)))) or []
    quoted = (word.replace("\\", "\\\\").replace("'", "''") for word in found)
    return [" & ".join(f"'{word}':*" for word in quoted)] if found else []


def _speaks(query: str) -> Condition:
    return lambda one: one.words.op("@@", is_comparison=True)(cast(query, TSQUERY))


def _costs(minor: int, currency: str) -> Condition:
    return lambda one: and_(one.amount == minor, one.currency == currency)


def _sums(session: Session, text: str) -> list[tuple[str, int]]:
    """`text` as an amount in each currency that campaigns use: (code, minor units)."""
    found = []
    for currency in session.scalars(select(Campaign.currency).distinct()):
        try:
            found.append((currency, money.parse_amount(text, currency)))
        except AmountInvalid:
            continue
    return found


def _known_donors(session: Session, text: str) -> Sequence[int]:
    """The donor with exactly this address."""
    if "@" not in text:
        return []
    return session.scalars(select(Donor.id).where(_has_address(text.lower()))).all()


def _has_address(email: str) -> ColumnElement[bool]:
    return and_(Donor.email != "", func.lower(Donor.email) == email)


def _numbered(session: Session, text: str) -> Sequence[int]:
    """Donations with a receipt of this number, or offline gifts of this reference."""
    asked: list[Select[Any]] = [
        select(OfflineGift.donation_id).where(func.lower(OfflineGift.reference) == text.lower())
    ]
    number = _RECEIPT_NUMBER.fullmatch(text)
    if number:
        year, sequence = int(number[1]), int(number[2])
        asked.append(
            select(Receipt.donation_id).where(Receipt.year == year, Receipt.sequence == sequence)
        )
    return session.scalars(union_all(*asked)).all()


def _by_identifier(text: str) -> Condition | None:
    """By our id or one of Stripe's, which tell by their beginning what they name."""
    begins = text.partition("_")[0]
    if begins not in _IDENTIFIERS or "_" not in text or " " in text:
        return None
    return lambda one: _IDENTIFIERS[begins](one, text)


def _told(
    column: InstrumentedAttribute[Any], donation_id: InstrumentedAttribute[Any]
) -> Callable[[Entity, str], ColumnElement[bool]]:
    return lambda one, text: one.id.in_(select(donation_id).where(column == text))


def _charged(one: Entity, text: str) -> ColumnElement[bool]:
    """Only a charge to which something happened afterwards is known by its own id."""
    named: ColumnElement[bool] = one.id.in_(
        union_all(
            select(Charge.donation_id).where(Charge.stripe_id == text),
            select(Refund.donation_id).where(Refund.charge_id == text),
            select(Dispute.donation_id).where(Dispute.charge_id == text),
            select(FraudWarning.donation_id).where(FraudWarning.charge_id == text),
        )
    )
    return named


def _subscribed(column: InstrumentedAttribute[Any]) -> Callable[[Entity, str], ColumnElement[bool]]:
    return lambda one, text: one.subscription_id.in_(select(Subscription.id).where(column == text))


_REFUNDED = _told(Refund.stripe_id, Refund.donation_id)
_DISPUTED = _told(Dispute.stripe_id, Dispute.donation_id)

_IDENTIFIERS: dict[str, Callable[[Entity, str], ColumnElement[bool]]] = {
    "don": lambda one, text: one.public_id == text,
    "pi": lambda one, text: one.payment_intent_id == text,
    "cs": lambda one, text: one.session_id == text,
    "in": lambda one, text: one.invoice_id == text,
    "sub": _subscribed(Subscription.stripe_id),
    "cus": _subscribed(Subscription.customer_id),
    "ch": _charged,
    "py": _charged,
    "re": _REFUNDED,
    "pyr": _REFUNDED,
    "dp": _DISPUTED,
    "du": _DISPUTED,
    "issfr": _told(FraudWarning.stripe_id, FraudWarning.donation_id),
    "txn": _told(LedgerEntry.balance_transaction_id, LedgerEntry.donation_id),
}
