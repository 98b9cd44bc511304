"""The Stripe webhook endpoint over HTTP: 200 once stored, and rejected requests store nothing."""

import io
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from campaign.models import InboxEvent
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.stripe import Json, event, signature

Post = Callable[..., TestResponse]


def stored(installation: Installation) -> int:
    with installation.sessions() as session:
        return session.scalar(select(func.count()).select_from(InboxEvent)) or 0


@pytest.fixture
def nothing_stored(installation: Installation) -> Iterator[None]:
    """Empty the inbox after the test."""
    yield
    assert stored(installation) == 0


def found() -> Json:
    return event("charge.updated", {"id": "ch_1", "description": "Gift of Zoë"})


def without(name: str) -> Json:
    return {key: value for key, value in found().items() if key != name}


def test_an_event_is_stored_unchanged(installation: Installation, post_event: Post) -> None:
    sent = found()
    body = json.dumps(sent, indent=3, ensure_ascii=False).encode()
    answer = post_event(body)
    assert (answer.status_code, answer.json) == (200, {"stored": sent["id"]})
    with installation.sessions() as session:
        kept = session.scalars(select(InboxEvent)).one()
    assert (kept.id, kept.type, kept.state) == (sent["id"], "charge.updated", "received")
    assert kept.body == body
    assert int(kept.occurred_at.timestamp()) == sent["created"]


def test_a_repeated_event_gets_the_same_answer_and_is_stored_once(
    installation: Installation, post_event: Post
) -> None:
    sent = found()
    assert [post_event(sent).status_code for _ in range(3)] == [200, 200, 200]
    assert stored(installation) == 1


def test_an_event_of_an_unknown_type_is_accepted(
    installation: Installation, post_event: Post
) -> None:
    answer = post_event(event("moon.landed", {"object": "moon"}))
    assert (answer.status_code, stored(installation)) == (200, 1)


def test_a_nul_in_the_json_is_stored_and_handled(
    installation: Installation, post_event: Post
) -> None:
    body = json.dumps(event("moon.landed", {"id": "m", "text": "a\0b"})).encode()
    assert b"\\u0000" in body
    assert post_event(body).status_code == 200
    assert apply_due_events(installation) == 1
    with installation.sessions() as session:
        assert session.scalars(select(InboxEvent.state)).one() == "ignored"


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(("off", "word"), [(-600, "seconds off"), (3600, "seconds off")])
def test_a_stale_or_future_timestamp_is_rejected(post_event: Post, off: int, word: str) -> None:
    body = json.dumps(found()).encode()
    header = signature(body, at=time.time() + off)
    answer = post_event(body, **{"Stripe-Signature": header})
    assert answer.status_code == 400
    assert word in answer.get_json()["error"]


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("header", ["", "t=1", "nonsense", "t=,v1="])
def test_a_missing_signature_is_rejected(post_event: Post, header: str) -> None:
    assert post_event(found(), **{"Stripe-Signature": header}).status_code == 400


@pytest.mark.usefixtures("nothing_stored")
def test_a_wrong_signature_is_rejected(post_event: Post) -> None:
    body = json.dumps(found()).encode()
    answer = post_event(body, **{"Stripe-Signature": signature(body, "whsec_other")})
    assert answer.status_code == 400
    assert answer.is_json


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"\x80abc",
        b"not json",
        b"{",
        b"[",
        b"\xef\xbb\xbf{}",
        b"[" * 50000,
        json.dumps({"id": "evt_1"}).encode("utf-16"),
    ],
)
def test_a_body_that_is_not_utf8_json_is_rejected(post_event: Post, body: bytes) -> None:
    assert post_event(body).status_code == 400


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("value", [None, True, 3, "text", [], {}, [{"id": "evt_1"}]])
def test_json_that_is_not_an_event_object_is_rejected(post_event: Post, value: Any) -> None:
    assert post_event(json.dumps(value).encode()).status_code == 400


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("name", ["id", "type", "livemode", "created", "data"])
def test_an_event_without_a_required_field_is_rejected(post_event: Post, name: str) -> None:
    assert post_event(without(name)).status_code == 400


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    "changes",
    [
        {"livemode": True},
        {"livemode": "false"},
        {"livemode": None},
        {"livemode": 0},
        {"created": "1767225600"},
        {"created": 10**30},
        {"created": 10**15},
        {"created": -(10**15)},
        {"created": 1.5},
        {"created": True},
        {"created": None},
        {"id": ""},
        {"id": 7},
        {"id": "evt_\0"},
        {"id": "evt_\ud800"},
        {"id": "e" * 256},
        {"type": None},
        {"type": "charge\nupdated"},
        {"data": None},
        {"data": []},
        {"data": {"object": None}},
        {"data": {"object": []}},
    ],
)
def test_an_event_with_an_invalid_field_is_rejected(post_event: Post, changes: Json) -> None:
    answer = post_event({**found(), **changes})
    assert answer.status_code == 400
    assert answer.get_json()["error"]


@pytest.mark.usefixtures("nothing_stored")
def test_five_megabytes_are_rejected(post_event: Post) -> None:
    answer = post_event({**found(), "padding": "x" * 5_000_000})
    assert answer.status_code == 413


def test_just_under_a_megabyte_is_accepted(installation: Installation, post_event: Post) -> None:
    assert post_event({**found(), "padding": "x" * 1_000_000}).status_code == 200
    assert stored(installation) == 1


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method_gets_an_error_page(client: FlaskClient, method: str) -> None:
    answer = client.open("/stripe/webhook", method=method)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert "<h1" in answer.text


def test_stripe_needs_no_cookie_and_no_csrf_token(post_event: Post) -> None:
    answer = post_event(found(), Origin="https://elsewhere.example", **{"Sec-Fetch-Site": "none"})
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers


def test_a_non_ascii_signature_is_rejected(post_event: Callable[..., TestResponse]) -> None:
    header = f"t={int(time.time())},v1=é"
    answer = post_event(event("charge.updated", {"id": "ch_1"}), **{"Stripe-Signature": header})
    assert answer.status_code == 400


def test_five_megabytes_without_a_length_are_rejected(client: FlaskClient) -> None:
    found = event("charge.updated", {"id": "ch_1", "padding": "x" * 5_000_000})
    body = json.dumps(found).encode()
    answer = client.post(
        "/stripe/webhook",
        input_stream=io.BytesIO(body),
        headers={"Stripe-Signature": signature(body), "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == 413
