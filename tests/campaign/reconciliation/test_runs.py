"""Saved reconciliation runs; the newest finished one counts."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from campaign.core.errors import NotFound
from campaign.models import LedgerKind
from campaign.reconciliation.discrepancies import Discrepancy, ReportedAmount
from campaign.reconciliation.runs import (
    begin_run,
    end_run,
    find_run,
    find_unresolved_runs,
    recent_runs,
)
from campaign.runtime.context import Installation

AT = datetime(2027, 1, 1, 7, 59, tzinfo=UTC)
PAGE = 50
MAX_STORED_SENTENCES = 1000
HERE = ZoneInfo("America/Los_Angeles")


def difference(*, repaired: bool = False) -> Discrepancy:
    side = ReportedAmount(2500, "jpy", ("ch_1",), AT)
    return Discrepancy("don_1", LedgerKind.payment, "pi_1", side, None, repaired=repaired)


def run(installation: Installation, *found: Discrepancy, error: str | None = None) -> int:
    with installation.sessions.begin() as session:
        made = begin_run(session, AT, applied=True, requested_by="fay", at=AT)
        end_run(session, made.id, found, HERE, AT, error)
        return made.id


def left(installation: Installation) -> list[tuple[int, int, str | None]]:
    with installation.sessions() as session:
        return [(one.run_id, one.left, one.error) for one in find_unresolved_runs(session)]


def test_a_run_saves_its_counts_and_dated_sentences(
    installation: Installation,
) -> None:
    number = run(installation, difference(repaired=True), difference())
    with installation.sessions() as session:
        found = find_run(session, number)
        assert (found.discrepancy_count, found.repaired, found.requested_by) == (2, 1, "fay")
        assert (found.ended_at, found.error) == (AT, None)
        assert [one["repaired"] for one in found.discrepancies] == [True, False]
        assert found.discrepancies[0]["donation"] == "don_1"
        assert "Stripe charged 2500 JPY (ch_1) on 2026-12-31" in found.discrepancies[0]["sentence"]
        with pytest.raises(NotFound, match="no reconciliation run 99"):
            find_run(session, 99)


def test_the_newest_finished_run_counts(installation: Installation) -> None:
    assert left(installation) == []
    first = run(installation, difference(), difference(), difference(repaired=True))
    assert left(installation) == [(first, 2, None)]
    with installation.sessions.begin() as session:
        begin_run(session, AT, applied=False, requested_by="fay", at=AT)
    assert left(installation) == [(first, 2, None)]
    run(installation, difference(repaired=True))
    assert left(installation) == []
    cut = run(installation, error="Stripe cannot be reached.")
    assert left(installation) == [(cut, 0, "Stripe cannot be reached.")]
    run(installation)
    assert left(installation) == []


def test_all_discrepancies_are_counted_and_a_thousand_sentences_saved(
    installation: Installation,
) -> None:
    number = run(installation, *[difference()] * (MAX_STORED_SENTENCES + 1))
    with installation.sessions() as session:
        found = find_run(session, number)
        assert (found.discrepancy_count, len(found.discrepancies)) == (1001, 1000)
    assert left(installation) == [(number, 1001, None)]


def test_pages_of_runs_have_no_gaps_or_repeats(installation: Installation) -> None:
    made = [run(installation) for _ in range(PAGE + 1)]
    with installation.sessions() as session:
        first = [one.id for one in recent_runs(session)]
        rest = [one.id for one in recent_runs(session, first[-1])]
    assert first + rest == made[::-1]
    assert len(rest) == 1
