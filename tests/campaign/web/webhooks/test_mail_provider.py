"""Email provider webhooks: the secret is required, each event applies once, and invalid ones do not stop the rest."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from campaign import create_app
from campaign.core.settings import MailSettings
from campaign.models import OutboxMessage, Suppression
from campaign.runtime.context import Installation
from tests.campaign.web.giving.test_unsubscribe import SentEmail, sent_email

__all__ = ["sent_email"]
SECRET = "p" * 40
Post = Callable[..., TestResponse]


@pytest.fixture
def installation(installation: Installation) -> Installation:
    settings = replace(installation.settings, mail=MailSettings(events_secret=SECRET))
    return replace(installation, settings=settings)


@pytest.fixture
def post(client: FlaskClient) -> Post:
    def posted(*events: Any, secret: str = SECRET) -> TestResponse:
        headers = {"Authorization": f"Bearer {secret}"}
        return client.post("/mail/events", json={"events": list(events)}, headers=headers)

    return posted


def stopped(installation: Installation) -> list[tuple[str, str]]:
    with installation.sessions() as session:
        rows = session.scalars(select(Suppression).order_by(Suppression.email))
        return [(row.email, row.reason) for row in rows]


def test_a_permanent_bounce_is_recorded_and_stops_campaign_emails(
    post: Post, sent_email: SentEmail, installation: Installation
) -> None:
    event = {
        "type": "bounce",
        "permanent": True,
        "token": sent_email(),
        "occurred_at": "2026-11-20T10:00:00Z",
        "detail": "550 5.1.1 no such user",
    }
    for _ in range(2):
        answer = post(event)
        assert (answer.status_code, answer.json) == (
            200,
            {"applied": 1, "unknown": 0, "refused": []},
        )
    assert stopped(installation) == [("ana@example.org", "bounced")]
    with installation.sessions() as session:
        message = session.scalars(select(OutboxMessage)).one()
        assert message.bounced_at is not None
        assert "5.1.1" in (message.bounce or "")


def test_a_temporary_bounce_stops_nothing(
    post: Post, sent_email: SentEmail, installation: Installation
) -> None:
    sent_email()
    event = {
        "type": "bounce",
        "permanent": False,
        "message_id": "<Ana@example.org@harbor-ledger.example>",
    }
    assert post(event).json == {"applied": 1, "unknown": 0, "refused": []}
    assert stopped(installation) == []


def test_an_event_can_name_only_the_address(post: Post, installation: Installation) -> None:
    answer = post(
        {"type": "complaint", "email": "Bea@example.org"},
        {"type": "bounce", "permanent": True, "email": "cy@example.org"},
    )
    assert answer.json == {"applied": 2, "unknown": 0, "refused": []}
    assert stopped(installation) == [
        ("bea@example.org", "complained"),
        ("cy@example.org", "bounced"),
    ]


def test_each_invalid_event_is_listed_by_index_and_the_rest_is_applied(
    post: Post, installation: Installation
) -> None:
    answer = post(
        "nothing",
        {"type": "opened", "email": "a@example.org"},
        {"type": "bounce", "email": "a@example.org"},
        {"type": "complaint"},
        {"type": "complaint", "email": "nobody"},
        {"type": "complaint", "email": "a@example.org", "occurred_at": "today"},
        {"type": "complaint", "email": 7},
        {"type": ["complaint"], "email": "a@example.org"},
        {"type": "complaint", "token": "of nobody"},
        {"type": "complaint", "email": "ana@example.org"},
    )
    assert answer.status_code == 200
    assert answer.json is not None
    assert (answer.json["applied"], answer.json["unknown"]) == (1, 1)
    assert [each["index"] for each in answer.json["refused"]] == list(range(8))
    assert stopped(installation) == [("ana@example.org", "complained")]


def test_text_that_the_database_cannot_store_stops_no_event(
    post: Post, installation: Installation
) -> None:
    answer = post(
        {"type": "complaint", "email": "ana@example.org", "detail": "half \ud800\nof it"},
        {"type": "complaint", "token": "\ud800"},
        {"type": "complaint", "email": "bea@example.org"},
    )
    assert answer.json == {"applied": 2, "unknown": 1, "refused": []}
    with installation.sessions() as session:
        details = session.scalars(select(Suppression.detail).order_by(Suppression.email)).all()
    assert details == ["half ? of it", ""]


def test_the_secret_is_required(post: Post, app: Flask, installation: Installation) -> None:
    event = {"type": "complaint", "email": "ana@example.org"}
    assert post(event, secret="wrong").status_code == 401
    assert post(event, secret="é").status_code == 401
    overdue = replace(installation, settings=replace(installation.settings, mail=MailSettings()))
    closed = create_app(overdue)
    assert closed.test_client().post("/mail/events", json={"events": [event]}).status_code == 404
    closed.extensions["live"].close()
    assert stopped(installation) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'{"events": 1}', 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b" " * 1_100_000, 413),
    ],
)
def test_a_body_without_a_list_of_events_is_rejected(
    client: FlaskClient, body: bytes, status: int
) -> None:
    headers = {"Authorization": f"Bearer {SECRET}"}
    answer = client.post("/mail/events", data=body, headers=headers)
    assert answer.status_code == status
