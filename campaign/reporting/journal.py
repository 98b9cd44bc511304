"""The double-entry journal of a month, by day, type and designation, ready for the accountant's books.

Days are in the organization's time zone. Every line is either a debit or a credit, in minor units; for each day and
currency the two sides are equal. Corrections are left out: they move no money, only what counts for a campaign. So are
past gifts (`LedgerEntry.past`): they are in the books of the time before the newsroom moved here.

A gift is in its own currency. If Stripe settles it in another one, the Stripe balance gives it up in the gift's
currency and gets what Stripe credited in the bank's, both against exchange gains and losses, on the day of Stripe's
balance transaction; Stripe's fees are in the bank's currency. So the Stripe balance ends, in each currency, at what
Stripe holds.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Date,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Session, aliased

from campaign.core import clock
from campaign.core.chart_of_accounts import (
    BANK,
    CHARGES,
    CONTRIBUTIONS,
    COVERED,
    DISPUTES,
    FEES,
    IN_HAND,
    STOCK,
    STRIPE,
)
from campaign.donations.offline_kinds import KIND_NAMES
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
from campaign.reporting.journal_conversions import conversion_lines, is_valued, valued_lines
from campaign.reporting.journal_lines import DESCRIPTIONS, JournalLine

CARD = "card"
BANKED = "banked"
"""The channel of an offline gift that was reversed after its deposit."""

_ACCOUNTS = {
    CARD: STRIPE,
    BANKED: BANK,
    OfflineKind.cheque.value: IN_HAND,
    OfflineKind.cash.value: IN_HAND,
    OfflineKind.donor_advised_fund.value: IN_HAND,
    OfflineKind.stock.value: STOCK,
}


@dataclass(frozen=True)
class Journal:
    """The lines of a month in order of their days, with totals by account and designation for each currency."""

    first: date
    lines: Sequence[JournalLine]

    @property
    def totals(self) -> dict[str, list[tuple[str, str, int, int]]]:
        """Totals by currency, as (account, designation, debit, credit)."""
        sums: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
        for line in self.lines:
            kept = sums[line.currency, line.account, line.designation]
            kept[0] += line.debit
            kept[1] += line.credit
        found: dict[str, list[tuple[str, str, int, int]]] = defaultdict(list)
        for (currency, account, designation), (debit, credit) in sorted(sums.items()):
            found[currency].append((account, designation, debit, credit))
        return dict(found)


def month_after(first: date) -> date:
    """Return the first day of the next month."""
    return (first + timedelta(days=31)).replace(day=1)


def read_bank_journal(session: Session, first: date, zone: ZoneInfo, currency: str) -> Journal:
    """Return the month in one currency, that of a bank account, for books that are kept in it.

    A gift in another currency that Stripe settled in this one has the value for which it was settled. What is refunded
    or disputed of it has its share of that value; what Stripe took beyond or below that is an exchange gain or loss.
    """
    after = month_after(first)
    lines = [
        *_gifts(session, first, after, zone, unvalued=True),
        *conversion_lines(session, first, after, zone, unvalued=True),
        *valued_lines(session, first, after, zone),
        *_payouts(session, first, after),
        *_charged_by_stripe(session, first, after, zone),
        *_deposits(session, first, after),
    ]
    kept = [line for line in lines if line.currency == currency]
    return Journal(first, sorted(kept, key=lambda line: (line.day, line.description)))


def read_journal(session: Session, first: date, zone: ZoneInfo) -> Journal:
    """Return the journal of the month that begins on `first`, with days in `zone`."""
    after = month_after(first)
    lines = [
        *_gifts(session, first, after, zone),
        *conversion_lines(session, first, after, zone),
        *_payouts(session, first, after),
        *_charged_by_stripe(session, first, after, zone),
        *_deposits(session, first, after),
    ]
    return Journal(first, sorted(lines, key=lambda line: (line.day, line.description)))


_BEGINNING = date(2000, 1, 1)


def stripe_balances(session: Session, after: date, zone: ZoneInfo) -> dict[str, int]:
    """Return what the Stripe balance comes to before the day `after`, by currency, in minor units; without zeros.

    That is what Stripe still holds, once the balance transactions of the time before are read.
    """
    found: Counter[str] = Counter()
    by_card = (
        select(
            LedgerEntry.currency,
            func.sum(LedgerEntry.amount + LedgerEntry.fee_cover - LedgerEntry.fee),
        )
        .where(
            LedgerEntry.kind != LedgerKind.correction.value,
            ~LedgerEntry.past,
            LedgerEntry.occurred_at < clock.start_of_day(after, zone),
            ~exists().where(OfflineGift.donation_id == LedgerEntry.donation_id),
        )
        .group_by(LedgerEntry.currency)
    )
    for currency, amount in session.execute(by_card):
        found[currency] += int(amount)
    for line in (
        *conversion_lines(session, _BEGINNING, after, zone),
        *_payouts(session, _BEGINNING, after),
        *_charged_by_stripe(session, _BEGINNING, after, zone),
    ):
        if line.account == STRIPE:
            found[line.currency] += line.debit - line.credit
    return {currency: amount for currency, amount in sorted(found.items()) if amount}


def months(session: Session, zone: ZoneInfo) -> list[date]:
    """Return the first day of every month from the first ledger entry to the last, newest first."""
    own = ~LedgerEntry.past
    begun = session.scalar(select(func.min(LedgerEntry.occurred_at)).where(own))
    ended = session.scalar(select(func.max(LedgerEntry.occurred_at)).where(own))
    if begun is None or ended is None:
        return []
    first = begun.astimezone(zone).date().replace(day=1)
    month = ended.astimezone(zone).date().replace(day=1)
    found = []
    while month >= first:
        found.append(month)
        month = (month - timedelta(days=1)).replace(day=1)
    return found


def _gifts(
    session: Session, first: date, after: date, zone: ZoneInfo, *, unvalued: bool = False
) -> Iterator[JournalLine]:
    """Yield the ledger's entries, summed by day, kind, designation and channel.

    With `unvalued`, only the fees of gifts that have a value in another currency.
    """
    chosen = [LedgerEntry.kind != LedgerKind.correction.value, ~LedgerEntry.past]
    only_fee: ColumnElement[bool] = literal(value=False)
    if unvalued:
        moves = or_(LedgerEntry.amount != 0, LedgerEntry.fee_cover != 0)
        only_fee = and_(moves, is_valued(LedgerEntry.donation_id))
        chosen.append(or_(~only_fee, LedgerEntry.fee != 0))
    began = aliased(Campaign)
    day = cast(func.timezone(zone.key, LedgerEntry.occurred_at), Date)
    designation = func.coalesce(Campaign.designation, began.designation)
    back_from_bank = and_(
        LedgerEntry.kind == LedgerKind.payment_reversed.value,
        DepositBatch.deposited_on.is_not(None),
    )
    way = case((back_from_bank, BANKED), else_=func.coalesce(OfflineGift.kind, CARD))
    keys = (day, designation, LedgerEntry.kind, way, LedgerEntry.currency, only_fee)
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
            *chosen,
        )
        .group_by(*keys)
        .order_by(*keys)
    )
    for day_, fund_, kind, way_, currency, without_gift, *sums in session.execute(query):
        gift, fee_cover, fee, number = map(int, sums)
        if without_gift:
            gift = fee_cover = 0
        sides = (
            (_ACCOUNTS[way_], gift + fee_cover - fee, ""),
            (DISPUTES if kind == LedgerKind.dispute_gain_loss else FEES, fee, fund_),
            (CONTRIBUTIONS, -gift, fund_),
            (COVERED, -fee_cover, fund_),
        )
        description = _description(kind, way_)
        for account, moved, of_fund in sides:
            if moved:
                into, out = max(0, moved), max(0, -moved)
                yield JournalLine(
                    day_, account, of_fund, description, into, out, currency, number=number
                )


def _description(kind: str, way: str) -> str:
    if way == CARD:
        return DESCRIPTIONS[kind]
    channel = "after deposit" if way == BANKED else KIND_NAMES[OfflineKind(way)].lower()
    return f"{DESCRIPTIONS[kind]}, {channel}"


def _payouts(session: Session, first: date, after: date) -> Iterator[JournalLine]:
    """Yield payouts on their arrival date. A payout that the bank returned is reversed on the day of the return, even
    if that is in a later month.
    """
    arrived = Payout.status.in_(("paid", "failed"))
    moves = (("Payout", Payout.arrival_date, 1), ("Payout returned", Payout.failed_on, -1))
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
    """Yield balance transactions that belong to no gift, such as Stripe's invoices and top-ups.

    They are known only once a payout includes them.
    """
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
            description = f"Stripe: {kind.replace('_', ' ')}"
            yield JournalLine(on, STRIPE, "", description, into, out, currency, number=number)
            yield JournalLine(on, CHARGES, "", description, out, into, currency, number=number)


def _deposits(session: Session, first: date, after: date) -> Iterator[JournalLine]:
    """Yield the bank deposits, including gifts that bounced later: a reversal is posted on its own day."""
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
    """Yield the two lines of a transfer from `source` to the bank; a negative amount goes the other way."""
    into, out = max(0, amount), max(0, -amount)
    yield JournalLine(day, BANK, "", what, into, out, currency, reference)
    yield JournalLine(day, source, "", what, out, into, currency, reference)
