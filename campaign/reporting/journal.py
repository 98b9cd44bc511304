"""The journal of a month, double entry: what an accountant types into the books, by day, kind and fund.

Days are those where the organisation is. Every line is debit or credit, never both, in minor units; for each month and
currency the two sides are equal. Corrections move no money, only what a campaign counts, and are not in it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Date, and_, case, cast, func, select, text
from sqlalchemy.orm import Session, aliased

from campaign.core import clock
from campaign.models import (
    Campaign,
    DepositBatch,
    Donation,
    LedgerEntry,
    LedgerKind,
    OfflineGift,
    OfflineKind,
    Payout,
    PayoutItem,
)
from campaign.models.payouts import OTHER_BALANCE_TRANSACTIONS

STRIPE = "Stripe balance"
BANK = "Bank"
IN_HAND = "Checks and cash in hand"
STOCK = "Stock received"
FEES = "Card fees"
CHARGES = "Charged or added by Stripe"
CONTRIBUTIONS = "Contributions"
COVERED = "Fees covered by donors"
CARD = "card"
BANKED = "banked"
"""What came back of a gift that had been taken to the bank."""

_WHERE = {
    CARD: STRIPE,
    BANKED: BANK,
    OfflineKind.cheque.value: IN_HAND,
    OfflineKind.cash.value: IN_HAND,
    OfflineKind.donor_advised_fund.value: IN_HAND,
    OfflineKind.stock.value: STOCK,
}
_NAMES = {
    LedgerKind.payment: "Gifts",
    LedgerKind.payment_reversed: "Gifts that came back",
    LedgerKind.refund: "Refunds",
    LedgerKind.refund_failed: "Refunds that came back",
    LedgerKind.dispute: "Disputes",
    LedgerKind.dispute_reversed: "Disputes that were won",
    LedgerKind.fee: "Fees",
}
COLUMNS = (
    "day",
    "account",
    "designation",
    "description",
    "debit",
    "credit",
    "currency",
    "reference",
)


@dataclass(frozen=True)
class JournalLine:
    """One side of an entry. `reference` names a payout or a batch; `number` counts the gifts behind it."""

    day: date
    account: str
    designation: str
    description: str
    debit: int
    credit: int
    currency: str
    reference: str = ""
    number: int = 0

    def row(self) -> dict[str, Any]:
        """As a file has it; the keys are COLUMNS."""
        return {name: getattr(self, name) for name in COLUMNS}


@dataclass(frozen=True)
class Journal:
    """A month's lines in the order of their days, and by currency what they come to per account and fund."""

    first: date
    lines: Sequence[JournalLine]

    @property
    def totals(self) -> dict[str, list[tuple[str, str, int, int]]]:
        """By currency: account, fund, debit, credit."""
        sums: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
        for line in self.lines:
            kept = sums[line.currency, line.account, line.designation]
            kept[0] += line.debit
            kept[1] += line.credit
        found: dict[str, list[tuple[str, str, int, int]]] = defaultdict(list)
        for (currency, account, designation), (debit, credit) in sorted(sums.items()):
            found[currency].append((account, designation, debit, credit))
        return dict(found)


def read_journal(session: Session, first: date, zone: ZoneInfo) -> Journal:
    """The journal of the month that begins with `first`, whose days are those of `zone`."""
    after = (first + timedelta(days=31)).replace(day=1)
    lines = [
        *_gifts(session, first, after, zone),
        *_payouts(session, first, after),
        *_charged_by_stripe(session, first, after, zone),
        *_deposits(session, first, after),
    ]
    return Journal(first, sorted(lines, key=lambda line: (line.day, line.description)))


def months(session: Session, zone: ZoneInfo) -> list[date]:
    """The first day of each month in which anything moved, the newest first; every month in between too."""
    begun = session.scalar(select(func.min(LedgerEntry.occurred_at)))
    ended = session.scalar(select(func.max(LedgerEntry.occurred_at)))
    if begun is None or ended is None:
        return []
    first = begun.astimezone(zone).date().replace(day=1)
    month = ended.astimezone(zone).date().replace(day=1)
    found = []
    while month >= first:
        found.append(month)
        month = (month - timedelta(days=1)).replace(day=1)
    return found


def _gifts(session: Session, first: date, after: date, zone: ZoneInfo) -> Iterator[JournalLine]:
    """What the ledger booked, summed by day, kind, fund and way."""
    began = aliased(Campaign)
    day = cast(func.timezone(zone.key, LedgerEntry.occurred_at), Date)
    designation = func.coalesce(Campaign.designation, began.designation)
    back_from_bank = and_(
        LedgerEntry.kind == LedgerKind.payment_reversed.value,
        DepositBatch.deposited_on.is_not(None),
    )
    way = case((back_from_bank, BANKED), else_=func.coalesce(OfflineGift.kind, CARD))
    keys = (day, designation, LedgerEntry.kind, way, LedgerEntry.currency)
    query = (
        select(
            *keys,
            func.sum(LedgerEntry.amount),
            func.sum(LedgerEntry.fee_cover),
            func.sum(LedgerEntry.fee),
            func.count(),
        )
        .join(Donation, Donation.id == LedgerEntry.donation_id)
        .join(began, began.id == Donation.campaign_id)
        .outerjoin(Campaign, Campaign.id == LedgerEntry.campaign_id)
        .outerjoin(OfflineGift, OfflineGift.donation_id == Donation.id)
        .outerjoin(DepositBatch, DepositBatch.id == OfflineGift.batch_id)
        .where(
            LedgerEntry.occurred_at >= clock.start_of_day(first, zone),
            LedgerEntry.occurred_at < clock.start_of_day(after, zone),
            LedgerEntry.kind != LedgerKind.correction.value,
        )
        .group_by(*keys)
        .order_by(*keys)
    )
    for day_, fund_, kind, way_, currency, *sums in session.execute(query):
        gift, fee_cover, fee, number = map(int, sums)
        sides = (
            (_WHERE[way_], gift + fee_cover - fee, ""),
            (FEES, fee, fund_),
            (CONTRIBUTIONS, -gift, fund_),
            (COVERED, -fee_cover, fund_),
        )
        told = _description(LedgerKind(kind), way_)
        for account, moved, of_fund in sides:
            if moved:
                into, out = max(0, moved), max(0, -moved)
                yield JournalLine(day_, account, of_fund, told, into, out, currency, number=number)


def _description(kind: LedgerKind, way: str) -> str:
    if way == CARD:
        return _NAMES[kind]
    return f"{_NAMES[kind]}, {'from the bank' if way == BANKED else way.replace('_', ' ')}"


def _payouts(session: Session, first: date, after: date) -> Iterator[JournalLine]:
    """What arrived; one that the bank sent back is booked back on the day of that, whatever month it arrived in."""
    arrived = Payout.status.in_(("paid", "failed"))
    moves = (("Payout", Payout.arrival_date, 1), ("Payout sent back", Payout.failed_on, -1))
    for what, day, sign in moves:
        query = select(Payout, day).where(day >= first, day < after, arrived)
        for one, on in session.execute(query.order_by(day, Payout.id)):
            amount = sign * one.amount
            yield from _transfer(
                on or one.arrival_date, STRIPE, what, amount, one.currency, one.stripe_id
            )


def _charged_by_stripe(
    session: Session, first: date, after: date, zone: ZoneInfo
) -> Iterator[JournalLine]:
    """What moved the balance and belongs to no gift: Stripe's own bills, top-ups. Known once a payout paid it out."""
    day = cast(func.timezone(zone.key, PayoutItem.created_at), Date)
    keys = (day, PayoutItem.kind, PayoutItem.currency)
    query = (
        select(*keys, func.sum(PayoutItem.net), func.count())
        .where(
            text(OTHER_BALANCE_TRANSACTIONS),
            PayoutItem.created_at >= clock.start_of_day(first, zone),
            PayoutItem.created_at < clock.start_of_day(after, zone),
        )
        .group_by(*keys)
        .order_by(*keys)
    )
    for on, kind, currency, net, number in session.execute(query):
        if net:
            into, out = max(0, int(net)), max(0, -int(net))
            told = f"Stripe: {kind.replace('_', ' ')}"
            yield JournalLine(on, STRIPE, "", told, into, out, currency, number=number)
            yield JournalLine(on, CHARGES, "", told, out, into, currency, number=number)


def _deposits(session: Session, first: date, after: date) -> Iterator[JournalLine]:
    """What was taken to the bank, also what came back from there later: that is booked on its own day."""
    total = func.sum(Donation.amount + Donation.fee_cover)
    query = (
        select(DepositBatch, func.coalesce(total, 0))
        .outerjoin(OfflineGift, OfflineGift.batch_id == DepositBatch.id)
        .outerjoin(Donation, Donation.id == OfflineGift.donation_id)
        .where(DepositBatch.deposited_on >= first, DepositBatch.deposited_on < after)
        .group_by(DepositBatch.id)
        .order_by(DepositBatch.deposited_on, DepositBatch.id)
    )
    for batch, amount in session.execute(query):
        if amount and batch.deposited_on:
            yield from _transfer(
                batch.deposited_on, IN_HAND, "Deposit", int(amount), batch.currency, batch.name
            )


def _transfer(
    day: date, source: str, what: str, amount: int, currency: str, reference: str
) -> Iterator[JournalLine]:
    """From one place to the bank; a negative amount the other way."""
    into, out = max(0, amount), max(0, -amount)
    yield JournalLine(day, BANK, "", what, into, out, currency, reference)
    yield JournalLine(day, source, "", what, out, into, currency, reference)
