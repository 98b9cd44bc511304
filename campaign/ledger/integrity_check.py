"""The books' own audit: what must always hold, checked by SQL in constant memory."""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

from campaign.core import clock
from campaign.ledger.invariants import INVARIANTS


def broken_invariants(session: Session) -> Iterator[str]:
    """A sentence for each rule of the books that does not hold; nothing when all do.

    Run it in one REPEATABLE READ transaction, so that payments arriving meanwhile are not half seen.
    """
    # The usual limit is for requests; an audit of years of gifts may take longer.
    session.execute(text("SET LOCAL statement_timeout = '10min'"))
    for sentence, query in INVARIANTS:
        named = {"at": clock.now()} if ":at" in query else {}
        with session.execute(text(query).execution_options(yield_per=1000), named) as rows:
            for row in rows:
                yield sentence.format(*row)
