"""One sandbox account, the only way to its state. Used by rules, API, pages, webhooks and controls."""

import contextlib
import heapq
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sandbox.stripe.errors import Refused, missing
from sandbox.stripe.state import Json, copied
from sandbox.stripe.state.identifiers import new_id
from sandbox.stripe.state.settlement import Settlement
from sandbox.stripe.state.store import Store

API_VERSION = "2026-10-28.endive"
DEFAULT_FEES = {
    "card_rate": 0.029,
    "card_fixed": 30,
    "bank_rate": 0.008,
    "bank_most": 500,
    "dispute": 1500,
}
"""Rates are fractions; other values are minor units. See https://stripe.com/pricing."""


class Account:
    """Objects by id, internal notes that the API never returns, a clock and scheduled work.

    Every change runs inside `transaction()`, one at a time, and is committed at its end.
    """

    def __init__(self, folder: Path | None = None, public_url: str = "") -> None:
        self.public_url = public_url
        self._lock = threading.RLock()
        self._store = Store(folder)
        self._depth = 0
        self._request = threading.local()
        self._new_events: list[Json] = []
        self.on_events: Callable[[list[Json]], None] = lambda _: None
        # Events by the state of their deliveries. `webhooks.records` maintains both.
        self.waiting: dict[str, None] = {}
        self.sending: dict[str, None] = {}
        self._due = [(due["at"], key) for key, due in self._store.tables["due"].items()]
        heapq.heapify(self._due)
        self._kinds: dict[str, list[str]] = {}
        for obj in self._store.tables["objects"].values():
            self._kinds.setdefault(obj["object"], []).append(obj["id"])

    # --- Transactions and time

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end, also after an error, because a declined payment must be recorded."""
        with self._lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0:
                    events, self._new_events = self._new_events, []
                    if events:
                        self.on_events(events)
                    self._store.commit()

    def precise_now(self) -> float:
        return time.time() + self.setting("clock_offset", 0.0)

    def now(self) -> int:
        """The sandbox's time in seconds since 1970."""
        return int(self.precise_now())

    def set_now(self, instant: float) -> None:
        """Move the clock forward. It continues in real time from there."""
        offset = max(self.setting("clock_offset", 0.0), instant - time.time())
        self.set_setting("clock_offset", offset)

    # --- Objects

    def add(self, obj: Json) -> Json:
        if obj["id"] not in self._store.tables["objects"]:
            self._kinds.setdefault(obj["object"], []).append(obj["id"])
        self._store.put("objects", obj["id"], obj)
        return obj

    def save(self, obj: Json) -> Json:
        self._store.put("objects", obj["id"], obj)
        return obj

    def change(self, obj: Json, **changes: object) -> Json:
        """Set members and save. Return the previous values of those that changed."""
        previous = {key: copied(obj.get(key)) for key in changes if obj.get(key) != changes[key]}
        obj.update(changes)
        self.save(obj)
        return previous

    def delete(self, obj: Json) -> None:
        self._kinds[obj["object"]].remove(obj["id"])
        self._store.remove("objects", obj["id"])

    def find(self, name: str | None, kind: str | None = None) -> Json | None:
        obj = self._store.tables["objects"].get(name or "")
        return obj if obj and (kind is None or obj["object"] == kind) else None

    def get(self, kind: str, name: str, param: str = "id") -> Json:
        """Return the object of that kind. Raises Stripe's error, which names the parameter."""
        found = self.find(name, kind)
        if found is None:
            raise missing(kind.rsplit(".", 1)[-1], name, param)
        return found

    def every(self, kind: str) -> list[Json]:
        """Return all objects of a kind, newest first."""
        objects = self._store.tables["objects"]
        return [objects[name] for name in reversed(self._kinds.get(kind, []))]

    def kinds(self) -> dict[str, int]:
        return {kind: len(names) for kind, names in sorted(self._kinds.items()) if names}

    # --- Internal notes and settings

    def notes(self, name: str) -> Json:
        return self._store.tables["notes"].get(name, {})

    def note(self, name: str, **changes: object) -> Json:
        notes = {**self.notes(name), **changes}
        self._store.put("notes", name, notes)
        return notes

    def setting(self, name: str, default: Any = None) -> Any:
        return self._store.tables["settings"].get(name, default)

    def set_setting(self, name: str, value: object) -> None:
        with self.transaction():
            self._store.put("settings", name, value)

    @property
    def fees(self) -> dict[str, float]:
        return {**DEFAULT_FEES, **self.setting("fees", {})}

    @property
    def api_version(self) -> str:
        """The account's default version: of requests and endpoints that name none, and of new events as listed."""
        return str(self.setting("api_version", API_VERSION))

    @property
    def settlement(self) -> Settlement | None:
        """What the account's charges are converted to; None if each currency has a balance of its own."""
        kept = self.setting("settlement")
        return Settlement(kept["currency"], kept["rates"]) if kept else None

    # --- Rows for idempotency keys and deliveries

    def rows(self, table: str) -> dict[str, Any]:
        return self._store.tables[table]

    def put_row(self, table: str, name: str, value: Any) -> None:
        self._store.put(table, name, value)

    def remove_row(self, table: str, name: str) -> None:
        self._store.remove(table, name)

    # --- Scheduled work

    def schedule(self, action: str, name: str, at: float) -> None:
        """Run `action` on the object `name` when the sandbox's clock reaches `at`."""
        key = f"{action}:{name}"
        self._store.put("due", key, {"action": action, "name": name, "at": at})
        heapq.heappush(self._due, (at, key))

    def unschedule(self, action: str, name: str) -> None:
        self._store.remove("due", f"{action}:{name}")

    def next_due(self) -> Json | None:
        rows = self._store.tables["due"]
        while self._due:
            at, key = self._due[0]
            if key in rows and rows[key]["at"] == at:
                return rows[key]
            heapq.heappop(self._due)
        return None

    # --- Events

    @contextlib.contextmanager
    def as_request(self, request_id: str, idempotency_key: str | None) -> Iterator[None]:
        """Record this API request as the cause of events emitted inside the block."""
        self._request.value = {"id": request_id, "idempotency_key": idempotency_key}
        try:
            yield
        finally:
            self._request.value = None

    def emit(self, kind: str, obj: Json, previous: Json | None = None) -> Json:
        """Record an event with the current state of `obj`. Its webhooks are sent after the commit."""
        shown: Json = {"object": copied(obj)}
        if previous is not None:
            shown["previous_attributes"] = previous
        request = getattr(self._request, "value", None) or {"id": None, "idempotency_key": None}
        event = {
            "id": new_id("evt_"),
            "object": "event",
            "api_version": self.api_version,
            "created": self.now(),
            "data": shown,
            "livemode": False,
            "pending_webhooks": 0,
            "request": dict(request),
            "type": kind,
        }
        self._new_events.append(self.add(event))
        return event

    # --- Reset and close

    def reset(self) -> None:
        """Delete everything."""
        with self.transaction():
            self._store.clear()
            self._kinds.clear()
            self._due.clear()
            self.waiting.clear()
            self.sending.clear()
            self._new_events.clear()

    def close(self) -> None:
        with self._lock:
            self._store.close()


def require(condition: object, refusal: Refused) -> None:
    if not condition:
        raise refusal
