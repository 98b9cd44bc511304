"""The state of each event's deliveries: one row per event, with one copy for each delivery.

A copy has `endpoint` (id), `state`, `next_at` (sandbox seconds) and `attempts` (each `at`, `status`, `error`).
States: pending, batched (to be reordered), held, lost, sending, delivered, failed.

https://docs.stripe.com/webhooks#retries
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account
from sandbox.stripe.versions import has_event

RETRIES = (1, 2, 4, 8, 15, 30, 60, 300, 1800, 7200, 18_000, 36_000, 43_200, 43_200, 43_200, 43_200)
"""Seconds of the sandbox's clock between attempts: short at first, then like Stripe's, for three days."""

WAITING = frozenset(("pending", "batched", "held"))
_SENDING = frozenset(("sending",))
OPEN = frozenset(("pending", "batched", "sending"))


def copies(account: Account, event_id: str) -> list[Json]:
    return account.rows("deliveries").get(event_id, [])


def endpoints_for(account: Account, event_type: str) -> list[Json]:
    return [
        endpoint
        for endpoint in reversed(account.every("webhook_endpoint"))
        if endpoint["status"] == "enabled"
        and has_event(endpoint["api_version"] or account.api_version, event_type)
        and any(fnmatchcase(event_type, pattern) for pattern in endpoint["enabled_events"])
    ]


def record(account: Account, event: Json, state: str, *, times: int, delay: float) -> None:
    """Create copies for every endpoint that subscribes to this event."""
    made = [
        {
            "endpoint": endpoint["id"],
            "state": state,
            "next_at": account.precise_now() + delay,
            "attempts": [],
        }
        for endpoint in endpoints_for(account, event["type"])
        for _ in range(times)
    ]
    if made:
        save(account, event["id"], [*copies(account, event["id"]), *made])


def save(account: Account, event_id: str, changed: list[Json]) -> None:
    account.put_row("deliveries", event_id, changed)
    _index(account, event_id, changed)


def resume_interrupted(account: Account) -> None:
    """After a restart, send again what was being sent when the last run ended."""
    for event_id, found in list(account.rows("deliveries").items()):
        for copy in found:
            if copy["state"] == "sending":
                copy["state"] = "pending"
        _index(account, event_id, found)


def _index(account: Account, event_id: str, changed: list[Json]) -> None:
    states = {copy["state"] for copy in changed}
    for index, here in ((account.waiting, states & WAITING), (account.sending, states & _SENDING)):
        if here:
            index[event_id] = None
        else:
            index.pop(event_id, None)


def count_unacknowledged(account: Account, event_id: str) -> int:
    """Return the number of endpoints that have not responded to this event with 2xx."""
    found = copies(account, event_id)
    done = {copy["endpoint"] for copy in found if copy["state"] == "delivered"}
    return len({copy["endpoint"] for copy in found} - done)


def every_copy(account: Account, states: frozenset[str]) -> Iterator[tuple[str, Json]]:
    """Yield (event id, copy) of unfinished deliveries in those states, in the order of the events."""
    names = dict(account.waiting) if states & WAITING else {}
    names |= account.sending if states & _SENDING else {}
    for event_id in names:
        for copy in copies(account, event_id):
            if copy["state"] in states:
                yield event_id, copy


def record_attempt(
    account: Account, event_id: str, copy: Json, status: int, error: str | None
) -> None:
    """Record an attempt: delivered after any 2xx, otherwise retried until the schedule ends."""
    now = account.precise_now()
    copy["attempts"].append({"at": now, "status": status, "error": error})
    done = len(copy["attempts"])
    if 200 <= status < 300:
        copy["state"] = "delivered"
    elif done <= len(RETRIES):
        copy.update(state="pending", next_at=now + RETRIES[done - 1])
    else:
        copy["state"] = "failed"
    save(account, event_id, copies(account, event_id))
