"""Limits of connections for campaign emails over all workers, and of the rate of each."""

from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal

import pytest
from sqlalchemy import text

from campaign.core.settings import MailSettings
from campaign.emails.rate_limit import MAX_PAUSE, SendRate, slot
from campaign.runtime.context import Installation, make_installation


@pytest.fixture
def other(installation: Installation) -> Iterator[Installation]:
    """Another worker with its own connections."""
    made = make_installation(installation.settings)
    yield made
    made.engine.dispose()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it would have waited, in seconds."""
    waited: list[float] = []
    monkeypatch.setattr("campaign.core.clock.pause", waited.append)
    return waited


def test_there_are_as_many_slots_as_connections_over_all_workers(
    installation: Installation, other: Installation
) -> None:
    with ExitStack() as held:
        taken = [
            held.enter_context(slot(engine, 3))
            for engine in (installation.engine, other.engine, installation.engine, other.engine)
        ]
        assert taken == [True, True, True, False]
        with slot(other.engine, 4) as fourth:
            assert fourth
    with slot(installation.engine, 0) as none:
        assert not none


def test_a_slot_is_released_however_its_block_ends(
    installation: Installation, other: Installation
) -> None:
    with pytest.raises(ZeroDivisionError), slot(installation.engine, 1):
        raise ZeroDivisionError
    with slot(other.engine, 1) as free:
        assert free
        with slot(installation.engine, 1) as taken:
            assert not taken
        with slot(installation.engine, 1) as taken:
            assert not taken
    with slot(installation.engine, 1) as free:
        assert free


def test_a_worker_that_dies_gives_its_slot_back(
    installation: Installation, other: Installation
) -> None:
    stop = text(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with slot(installation.engine, 1) as first:
        assert first
        with other.engine.connect() as connection:
            connection.execute(stop)
        with slot(other.engine, 1) as second:
            assert second
    # What was left of the broken connection holds nothing and breaks nothing.
    with slot(installation.engine, 1) as again:
        assert again


@pytest.mark.parametrize(
    ("rate", "connections", "seconds"),
    [(Decimal(4), 2, 0.5), (Decimal("0.5"), 1, 2.0), (Decimal(0), 3, 0.0)],
)
def test_the_rate_is_shared_by_the_connections(
    rate: Decimal, connections: int, seconds: float
) -> None:
    assert SendRate(MailSettings(rate=rate, connections=connections)).interval == seconds


def test_the_first_mail_goes_at_once_and_each_other_after_the_interval(
    pauses: list[float],
) -> None:
    rate = SendRate(MailSettings(rate=Decimal("0.01"), connections=1))
    assert not rate.waits
    rate.wait()
    assert (rate.waits, pauses) == (True, [])
    rate.wait()
    # Nobody waited in earnest: so the third mail comes two intervals after the first.
    rate.rest()
    assert [round(one, -1) for one in pauses] == [100, 200]


def test_no_rest_is_longer_than_five_minutes_and_without_a_rate_there_is_none(
    pauses: list[float],
) -> None:
    slow = SendRate(MailSettings(rate=Decimal("0.0001"), connections=1))
    slow.wait()
    slow.rest()
    assert pauses == [MAX_PAUSE]
    quick = SendRate(MailSettings(rate=Decimal(0), connections=1))
    for _ in range(3):
        quick.wait()
        assert not quick.waits
    assert pauses == [MAX_PAUSE]
