"""Events that were put aside in another version's wording are applied anew, once."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from campaign.core import clock
from campaign.gateway import read_event
from campaign.models import InboxEvent
from campaign.runtime.context import Installation
from campaign.stripe_events import misread
from campaign.stripe_events.inbox import store_event
from campaign.stripe_events.misread import reopen_misread_events
from tests.support.stripe import Json, event

Put = Callable[..., None]


@pytest.fixture
def put(installation: Installation) -> Put:
    def store(
        shown: Json, note: str | None = "no donation of ours", state: str = "ignored"
    ) -> None:
        body = json.dumps(shown).encode()
        with installation.sessions.begin() as session:
            store_event(session, read_event(body), body)
            stored = session.get_one(InboxEvent, shown["id"])
            stored.state, stored.note = state, note

    return store


def test_only_what_was_never_read_in_our_version_is_opened(
    installation: Installation, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(misread, "BATCH_SIZE", 2)
    kinds: dict[str, Json] = {
        "old": {"api_version": "2024-06-20"},
        "odd": {"api_version": None},
        "ours": {},
        "other type": {"api_version": "2024-06-20", "type": "customer.updated"},
        "read": {"api_version": "2024-06-20"},
        "done": {"api_version": "2024-06-20"},
        "no note": {"api_version": "2024-06-20"},
    }
    for name, changes in kinds.items():
        shown = {**event("invoice.paid", {"id": "in_1"}), **changes, "id": f"evt_{name}"}
        note = {"read": "x; read again at Stripe, …", "no note": None}.get(name, "not ours")
        put(shown, note=note, state="done" if name == "done" else "ignored")
    assert reopen_misread_events(installation.sessions, None) == 3
    assert reopen_misread_events(installation.sessions, None) == 0
    with installation.sessions() as session:
        opened = [
            name for name in kinds if session.get_one(InboxEvent, f"evt_{name}").state == "received"
        ]
    assert opened == ["old", "odd", "no note"]


def test_since_excludes_older_events(installation: Installation, put: Put) -> None:
    put({**event("invoice.paid", {"id": "in_1"}), "api_version": "2024-06-20"})
    sessions = installation.sessions
    assert reopen_misread_events(sessions, clock.now() + timedelta(hours=1)) == 0
    assert reopen_misread_events(sessions, clock.now() - timedelta(hours=1)) == 1
