"""Parse the text of a search box: ids, numbers, amounts in each currency, and everything else as words.

A text may have several meanings: `25` is an amount, and may also be a check number.
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
"""The most characters of a search; the rest is ignored."""

_RECEIPT_NUMBER = re.compile(r"(\d{4})-(\d{1,9})")
_NUMBER = re.compile(r"\d{1,18}")


@dataclass(frozen=True)
class Search:
    """The condition of a search. `words`: it searches words, so there may be very many matches."""

    condition: Condition
    words: bool = False


def read_donation_search(session: Session, text: str) -> Search | None:
    """Return the search for donations that `text` may mean, or None if it is empty."""
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
        conditions += [_has_words(query) for query in prefix_query(session, text)]
    return Search(lambda one: or_(*(each(one) for each in conditions)), words=True)


def read_donor_search(session: Session, text: str) -> Search | None:
    """Return the search for donors: by email address, donor number, or words of name, email and postal address."""
    text = one_line(text, LONGEST)
    if not text:
        return None
    donor_ids = _known_donors(session, text)
    if donor_ids:
        return Search(lambda one: one.id.in_(donor_ids))
    conditions = [_has_words(query) for query in prefix_query(session, text)]
    if _NUMBER.fullmatch(text):
        conditions.append(lambda one: one.id == int(text))
    return Search(lambda one: or_(False, *(each(one) for each in conditions)), words=True)  # noqa: FBT003 - SQL's false


def prefix_query(session: Session, text: str) -> list[str]:
    """Return `text` as a list with one tsquery that matches the prefix of each word, or an empty list without words."""
    found = session.scalar(select(func.tsvector_to_array(func.search_words(text)))) or []
    quoted = (word.replace("\\", "\\\\").replace("'", "''") for word in found)
    return [" & ".join(f"'{word}':*" for word in quoted)] if found else []


def _has_words(query: str) -> Condition:
    return lambda one: one.words.op("@@", is_comparison=True)(cast(query, TSQUERY))


def _costs(minor: int, currency: str) -> Condition:
    return lambda one: and_(one.amount == minor, one.currency == currency)


def _sums(session: Session, text: str) -> list[tuple[str, int]]:
    """Return `text` as an amount in each currency that campaigns use, as (code, minor units)."""
    found = []
    for currency in session.scalars(select(Campaign.currency).distinct()):
        try:
            found.append((currency, money.parse_amount(text, currency)))
        except AmountInvalid:
            continue
    return found


def _known_donors(session: Session, text: str) -> Sequence[int]:
    """Return the ids of donors with exactly this email address."""
    if "@" not in text:
        return []
    return session.scalars(select(Donor.id).where(_has_address(text.lower()))).all()


def _has_address(email: str) -> ColumnElement[bool]:
    return and_(Donor.email != "", func.lower(Donor.email) == email)


def _numbered(session: Session, text: str) -> Sequence[int]:
    """Return the ids of donations with this receipt number or offline reference."""
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
    """Return the condition for one of our ids or Stripe's, recognized by its prefix, or None."""
    prefix = text.partition("_")[0]
    if prefix not in _IDENTIFIERS or "_" not in text or " " in text:
        return None
    return lambda one: _IDENTIFIERS[prefix](one, text)


def _with_evidence(
    column: InstrumentedAttribute[Any], donation_id: InstrumentedAttribute[Any]
) -> Callable[[Entity, str], ColumnElement[bool]]:
    return lambda one, text: one.id.in_(select(donation_id).where(column == text))


def _charged(one: Entity, text: str) -> ColumnElement[bool]:
    """Match by charge id, which is stored only after a refund, dispute or other event on the charge."""
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


_REFUNDED = _with_evidence(Refund.stripe_id, Refund.donation_id)
_DISPUTED = _with_evidence(Dispute.stripe_id, Dispute.donation_id)

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
    "issfr": _with_evidence(FraudWarning.stripe_id, FraudWarning.donation_id),
    "txn": _with_evidence(LedgerEntry.balance_transaction_id, LedgerEntry.donation_id),
}
