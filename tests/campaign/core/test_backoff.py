"""How long to wait before a retry, and when to give up."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.core.backoff import Backoff
from campaign.integrations import deliveries
from campaign.mailer import outbox
from campaign.stripe_events import inbox

SECOND = timedelta(seconds=1)
BEGUN = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 30), (1, 30), (2, 60), (7, 1920), (8, 3600), (9, 3600), (100_000, 3600)],
)
def test_waits_double_up_to_the_longest(attempts: int, seconds: int) -> None:
    assert Backoff(30 * SECOND, 3600 * SECOND).wait(attempts) == seconds * SECOND


def test_the_longest_is_reached_exactly() -> None:
    assert [Backoff(SECOND, 4 * SECOND).wait(one) for one in (1, 2, 3, 4)] == [
        SECOND, 2 * SECOND, 4 * SECOND, 4 * SECOND,
    ]  # fmt: skip


def test_a_wait_that_would_pass_the_longest_is_the_longest() -> None:
    waits = [Backoff(3 * SECOND, 10 * SECOND).wait(one) for one in (1, 2, 3)]
    assert waits == [3 * SECOND, 6 * SECOND, 10 * SECOND]


def test_jitter_only_lengthens_a_wait() -> None:
    waits = [Backoff(SECOND, 4 * SECOND, jitter=0.25).wait(3) for _ in range(200)]
    assert min(waits) >= 4 * SECOND
    assert max(waits) <= 5 * SECOND
    assert len(set(waits)) > 1


def test_patience_ends_after_its_time_or_its_attempts_or_never() -> None:
    backoff = Backoff(SECOND, SECOND, patience=60 * SECOND, most_attempts=3)
    assert not backoff.is_over(since=BEGUN, at=BEGUN + 60 * SECOND)
    assert backoff.is_over(since=BEGUN, at=BEGUN + 60 * SECOND + timedelta(microseconds=1))
    assert [backoff.is_last(attempts) for attempts in (2, 3, 4)] == [False, True, True]
    endless = Backoff(SECOND, SECOND)
    assert not endless.is_over(since=BEGUN, at=BEGUN + timedelta(days=9999))
    assert not endless.is_last(10**9)


def test_mail_events_and_webhooks_wait_as_documented() -> None:
    hour, day = timedelta(hours=1), timedelta(days=1)
    assert Backoff(30 * SECOND, hour, patience=day) == outbox.BACKOFF
    assert Backoff(5 * SECOND, hour, most_attempts=12) == inbox.BACKOFF
    assert Backoff(10 * SECOND, 6 * hour, jitter=0.25, patience=3 * day) == deliveries.BACKOFF
