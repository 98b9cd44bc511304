"""What Stripe kept, fetched from its balance and booked. For workers.

No transaction is open while Stripe is asked; a fee is a commit. Repeating it, or doing it twice at once, is harmless.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from campaign.core import clock
from campaign.gateway import Movement
from campaign.ledger.balance_transactions import MappedTransaction, read_moved
from campaign.ledger.fees import book_fee_of, late_payments, look_since, unbooked
from campaign.runtime.context import Installation

_Item = TypeVar("_Item")
PAGE = 100


def book_fees(installation: Installation) -> int:
    """Book the fees of what moved since the last look that ended well; their number. Raises what the gateway raises."""
    with installation.sessions() as session:
        since = look_since(session, clock.now())
        late = late_payments(session, since)
    booked = 0
    for page in pages(installation.gateway.money.movements(since)):
        booked += book_page(installation, page)
    for payment_intent_id in late:
        movement = installation.gateway.money.payment(payment_intent_id).movement
        booked += book_page(installation, [movement] if movement else [])
    return booked


def book_page(installation: Installation, page: Iterable[Movement]) -> int:
    """Book the fees of these movements; how many were booked now."""
    read = [moved for moved in map(read_moved, page) if moved]
    with installation.sessions() as session:
        left = unbooked(session, read)
    return sum(book_one(installation, moved) for moved in left)


def book_one(installation: Installation, moved: MappedTransaction) -> bool:
    """Book one fee in a commit of its own."""
    with installation.sessions.begin() as session:
        return book_fee_of(session, moved)


def pages(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """`items` by the hundred."""
    rest = iter(items)
    while page := list(islice(rest, PAGE)):
        yield page
