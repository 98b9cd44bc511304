"""Fetch Stripe's fees from its balance and book them. For workers.

No database transaction is open during a request to Stripe; each fee is one commit. Repeated and concurrent runs are
harmless.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from campaign.core import clock
from campaign.gateway import BalanceTransaction
from campaign.ledger.balance_transactions import PaymentTransaction, map_balance_transaction
from campaign.ledger.fees import (
    book_transaction_fee,
    fees_window_start,
    find_late_payments,
    find_unbooked_fees,
)
from campaign.runtime.context import Installation

_Item = TypeVar("_Item")
PAGE = 100


def book_fees(installation: Installation) -> int:
    """Book the fees since the last successful run; return how many. Raises what the gateway raises."""
    with installation.sessions() as session:
        since = fees_window_start(session, clock.now())
        late = find_late_payments(session, since)
    booked = 0
    for page in pages(installation.gateway.payments.list_balance_transactions(since)):
        booked += book_transactions(installation, page)
    for payment_intent_id in late:
        balance_transaction = installation.gateway.payments.retrieve_payment(
            payment_intent_id
        ).balance_transaction
        booked += book_transactions(
            installation, [balance_transaction] if balance_transaction else []
        )
    return booked


def book_transactions(installation: Installation, page: Iterable[BalanceTransaction]) -> int:
    """Book the fees of these balance transactions; return how many were new."""
    read = [moved for moved in map(map_balance_transaction, page) if moved]
    with installation.sessions() as session:
        left = find_unbooked_fees(session, read)
    return sum(book_transaction(installation, moved) for moved in left)


def book_transaction(installation: Installation, moved: PaymentTransaction) -> bool:
    """Book one fee in its own commit; return whether it was new."""
    with installation.sessions.begin() as session:
        return book_transaction_fee(session, moved)


def pages(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """Yield `items` in lists of up to PAGE."""
    rest = iter(items)
    while page := list(islice(rest, PAGE)):
        yield page
