"""How long a run waits for facts that are just arriving, and what it reports when they do not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from campaign.core import clock
from campaign.core.task_queue import OUTBOX
from campaign.reconciliation.discrepancies import Discrepancy
from campaign.reconciliation.run import Reconciliation, reconcile
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.notifier import RecordingNotifier
from tests.support.reconciliation import Bank

RECENT = timedelta(minutes=2)


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def lost(bank: Bank) -> Bank:
    """A payment of $25 whose events have not arrived yet."""
    bank.stripe.pay(bank.give())
    return bank


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that a run makes, in seconds; none of them takes any time."""
    made: list[float] = []
    monkeypatch.setattr(clock, "pause", made.append)
    return made


def run(
    installation: Installation, *, patience: float, apply: bool = False
) -> tuple[Reconciliation, list[Discrepancy]]:
    shown: list[Discrepancy] = []
    return (
        reconcile(installation, on_discrepancy=shown.append, patience=patience, apply=apply),
        shown,
    )


def backdate(bank: Bank, length: timedelta) -> None:
    """Let the money have moved that much earlier."""
    account = bank.stripe.account
    with account.transaction():
        for one in account.every("balance_transaction"):
            account.change(one, created=one["created"] - int(length.total_seconds()))


def test_a_fact_of_this_minute_is_checked_five_times_before_it_is_reported(
    lost: Bank, pauses: list[float]
) -> None:
    result, shown = run(lost.installation, patience=30)
    assert pauses == [6.0] * 5
    assert (result.found, len(shown), shown[0].repaired) == (1, 1, False)


@pytest.mark.parametrize(
    ("patience", "older"), [(30, RECENT + timedelta(seconds=1)), (0, timedelta())]
)
def test_an_older_fact_or_an_impatient_run_is_reported_at_once(
    lost: Bank, pauses: list[float], patience: float, older: timedelta
) -> None:
    backdate(lost, older)
    result, shown = run(lost.installation, patience=patience)
    assert (pauses, result.found, len(shown)) == ([], 1, 1)


def test_a_run_stops_waiting_once_every_fact_has_arrived(
    lost: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[Callable[[], None]] = [lambda: None, lost.deliver]

    def pause(_seconds: float) -> None:
        steps.pop(0)()

    monkeypatch.setattr(clock, "pause", pause)
    result, shown = run(lost.installation, patience=30)
    assert (result.found, shown, steps) == (0, [], [])


def test_a_run_without_discrepancies_does_not_wait(lost: Bank, pauses: list[float]) -> None:
    lost.deliver()
    assert run(lost.installation, patience=30)[0].found == 0
    assert pauses == []


@pytest.mark.parametrize("patience", [0, 30])
def test_a_repair_is_reported_as_one_and_asks_for_its_emails(
    lost: Bank, pauses: list[float], patience: float
) -> None:
    notifier = RecordingNotifier()
    here = replace(lost.installation, notify=notifier)
    result, shown = run(here, patience=patience, apply=True)
    assert (result.found, result.repaired, result.left, result.fees) == (1, 1, 0, 0)
    assert [one.repaired for one in shown] == [True]
    assert notifier.asked == [OUTBOX]
    again, shown = run(here, patience=patience, apply=True)
    assert (again.found, shown, notifier.asked) == (0, [], [OUTBOX])
    assert [kind for kind, _, _ in lost.entries()] == ["payment", "fee"]


def test_a_run_that_only_looks_books_nothing_and_counts_the_fees_on_their_way(lost: Bank) -> None:
    lost.deliver()
    result, shown = run(lost.installation, patience=0)
    assert (result.fees, result.found, shown) == (1, 0, [])
    assert [kind for kind, _, _ in lost.entries()] == ["payment"]
    # A repairing run books them without waiting for their day to pass.
    assert run(lost.installation, patience=0, apply=True)[0].fees == 0
    assert [kind for kind, _, _ in lost.entries()] == ["payment", "fee"]
