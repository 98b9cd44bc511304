"""Another system's gifts: brought over once, to the cent, and nobody is mailed about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import func, select

from campaign.ledger.invariants import broken_invariants
from campaign.models import LedgerEntry, OutboxMessage, Receipt
from campaign.moving.gifts import ADDED, KNOWN, REFUNDS
from campaign.runtime.context import Installation
from tests.support.past_gifts import Imported, bring_over


@dataclass(frozen=True)
class Brought:
    """What a system's example file brings: how many gifts, and what they come to, in minor units."""

    name: str
    added: int
    given: dict[str, int]
    refunded: dict[str, int]
    left_out: int = 0
    refused: Sequence[str] = ()
    options: tuple[tuple[str, Any], ...] = ()


FILES = (
    Brought("givewp", 4, {"usd": 255_500, "jpy": 500}, {"usd": 4_000}, 3, ("decimals", "Lost in space")),
    Brought("donorbox", 3, {"usd": 112_820}, {"usd": 2_500}, 1),
    Brought("rev-engine", 3, {"usd": 13_330}, {"usd": 2_000}, 1),
    Brought("givebutter", 2, {"usd": 12_820}, {"usd": 1_000}, 1, ("no column says how much",)),
    Brought("actblue", 3, {"usd": 7_000}, {"usd": 1_000}),
    Brought("npsp", 3, {"usd": 27_000}, {}, 2),
    Brought("bloomerang", 3, {"usd": 376_000}, {}, 2),
    Brought("civicrm", 3, {"usd": 11_500}, {"usd": 4_000}, 2),
    Brought("stripe", 3, {"usd": 12_500, "jpy": 500}, {"usd": 1_000}, 1, ("campaign adopt pi_pay4",)),
    Brought("stripe-balance", 2, {"usd": 12_500}, {"usd": 1_000}, 2),
    Brought(
        "plain", 3, {"eur": 130_050}, {}, 1,
        options=(("given", ("Datum=given_at", "Betrag=total", "Naam=name", "Opmerking=comment")),
            ("currency", "eur")),
    ),
)  # fmt: skip


@pytest.mark.parametrize("brought", FILES, ids=[one.name for one in FILES])
def test_a_systems_file_is_brought_over_once(installation: Installation, brought: Brought) -> None:
    options = dict(brought.options)
    first = bring_over(installation, brought.name, **options)
    assert first.report.plan.preset.name == brought.name
    assert first.report.counts[ADDED] == brought.added, first.refused
    assert (+first.gifts.given, +first.gifts.refunded) == (brought.given, brought.refunded)
    assert sum(left_out(first).values()) == brought.left_out
    assert len(first.refused) == len(brought.refused)
    for words, line in zip(brought.refused, first.refused, strict=True):
        assert words in line
    before = totals(installation)
    again = bring_over(installation, brought.name, **options)
    assert (again.report.counts[ADDED], again.report.counts[REFUNDS]) == (0, 0)
    assert again.report.counts[KNOWN] >= brought.added
    assert totals(installation) == before == sums(brought)
    assert quiet(installation)


def left_out(found: Imported) -> dict[str, int]:
    return {word: number for word, number in found.report.counts.items() if "left out" in word}


def sums(brought: Brought) -> dict[str, int]:
    return {one: brought.given[one] - brought.refunded.get(one, 0) for one in brought.given}


def totals(installation: Installation) -> dict[str, int]:
    """Return what remains of all gifts, by currency."""
    query = select(LedgerEntry.currency, func.sum(LedgerEntry.amount + LedgerEntry.fee_cover))
    with installation.sessions() as session:
        assert list(broken_invariants(session)) == []
        return {
            one: int(amount)
            for one, amount in session.execute(query.group_by(LedgerEntry.currency))
        }


def quiet(installation: Installation) -> bool:
    """Whether nobody is mailed and no receipt was issued."""
    with installation.sessions() as session:
        emails = session.scalars(select(OutboxMessage)).all()
        return not emails and not session.scalars(select(Receipt)).all()
