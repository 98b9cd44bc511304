"""Live progress: one listener and one read per process, however many readers."""

import json
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import event, text

from campaign.core.errors import NotFound
from campaign.models import Campaign
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from campaign.web.appeal.progress_stream import LiveProgress
from tests.support.stripe import Facts
from tests.support.waiting import wait_until

Give = Callable[..., Facts]
Store = Callable[..., None]


@pytest.fixture
def live(installation: Installation) -> Iterator[LiveProgress]:
    hub = LiveProgress(installation.engine, installation.sessions)
    yield hub
    hub.close()


def raised(chunk: bytes) -> int:
    """Parse the progress in one server-sent event."""
    name, _, body = chunk.decode().partition("\n")
    assert name == "event: progress"
    return int(json.loads(body.removeprefix("data: "))["raised"])


def kill_listeners(installation: Installation) -> int:
    """Terminate every listening connection and return how many there were."""
    with installation.engine.connect() as connection:
        ended = connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query = 'LISTEN progress' AND datname = current_database()"
            )
        )
        return len(ended.all())


class Reader(threading.Thread):
    """Reads a stream until it is closed and stores the events."""

    def __init__(self, hub: LiveProgress) -> None:
        super().__init__(daemon=True)
        self.hub = hub
        self.figures: list[int] = []
        self.start()

    def run(self) -> None:
        for chunk in self.hub.stream("nine-days"):
            if chunk.startswith(b"event:"):
                self.figures.append(raised(chunk))


def test_a_stream_sends_progress_at_once_and_on_every_change(
    live: LiveProgress, installation: Installation, campaign: Campaign, give: Give, store: Store
) -> None:
    stream = live.stream("nine-days")
    assert next(stream) == b"retry: 3000\n\n"
    assert raised(next(stream)) == 0
    store(give().completed())
    apply_due_events(installation)
    assert raised(next(stream)) == 2500


def test_a_pending_debit_is_sent_too(
    live: LiveProgress, installation: Installation, campaign: Campaign, give: Give, store: Store
) -> None:
    stream = live.stream("nine-days")
    next(stream), next(stream)
    store(give().promised())
    apply_due_events(installation)
    assert b'"pending":2500' in next(stream)


def test_an_unknown_campaign_has_no_stream(live: LiveProgress, campaign: Campaign) -> None:
    with pytest.raises(NotFound):
        next(live.stream("unknown"))


def test_a_hundred_readers_cost_one_read_per_push(
    live: LiveProgress, installation: Installation, campaign: Campaign, give: Give, store: Store
) -> None:
    readers = [Reader(live) for _ in range(100)]
    wait_until(lambda: all(reader.figures == [0] for reader in readers))
    readings: list[str] = []

    def count(*arguments: object) -> None:
        statement = str(arguments[2])
        if "progress_shard" in statement and statement.lstrip().startswith("SELECT"):
            readings.append(statement)

    event.listen(installation.engine, "before_cursor_execute", count)
    store(give().completed())
    apply_due_events(installation)
    wait_until(lambda: all(reader.figures[-1] == 2500 for reader in readers))
    event.remove(installation.engine, "before_cursor_execute", count)
    assert len(readings) <= 2


def test_a_burst_is_sent_in_few_pushes(
    live: LiveProgress, installation: Installation, campaign: Campaign, give: Give, store: Store
) -> None:
    reader = Reader(live)
    wait_until(lambda: reader.figures == [0])
    begun = time.monotonic()
    for number in range(40):
        store(give(email=f"burst{number}@example.org").completed())
    apply_due_events(installation)
    wait_until(lambda: reader.figures[-1] == 40 * 2500)
    # At most one push every quarter of a second, whatever the machine's speed.
    assert len(reader.figures) <= (time.monotonic() - begun) / 0.25 + 3


def test_a_lost_connection_is_restored_and_nothing_is_missed(
    live: LiveProgress, installation: Installation, campaign: Campaign, give: Give, store: Store
) -> None:
    reader = Reader(live)
    wait_until(lambda: reader.figures == [0])
    # The first event may be sent before the listener has connected.
    wait_until(lambda: kill_listeners(installation) == 1)
    store(give().completed())
    apply_due_events(installation)
    wait_until(lambda: reader.figures[-1] == 2500)


def test_closing_ends_every_stream(live: LiveProgress, campaign: Campaign) -> None:
    readers = [Reader(live) for _ in range(5)]
    wait_until(lambda: all(reader.figures for reader in readers))
    live.close()
    for reader in readers:
        reader.join(timeout=60)
        assert not reader.is_alive()
