"""Unsubscribing: one click for mail programs, a page with buttons for people; following the link changes nothing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.mailer.suppressions import suppress
from campaign.models import Campaign, OutboxMessage, Suppression, SuppressionReason
from campaign.runtime.context import Installation
from campaign.web.giving.unsubscribe import mask_email

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
MULTIPART = (
    b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--'
)
SentEmail = Callable[..., str]


@pytest.fixture
def sent_email(installation: Installation, campaign: Campaign) -> SentEmail:
    """Queue a campaign email and return its token."""

    def queued(recipient: str = "Ana@example.org", *, about: Campaign | None = campaign) -> str:
        with installation.sessions.begin() as session:
            message = OutboxMessage(
                kind="appeal",
                subject_key=recipient,
                campaign_id=about.id if about else None,
                recipient=recipient,
                message_id=f"<{recipient}@harbor-ledger.example>",
                bulk=True,
                details={},
            )
            session.add(message)
            session.flush()
            session.refresh(message)
            return message.token

    return queued


def stopped(installation: Installation) -> list[tuple[str, bool, str]]:
    with installation.sessions() as session:
        rows = session.scalars(select(Suppression).order_by(Suppression.id))
        return [(row.email, row.campaign_id is None, row.reason) for row in rows]


def test_following_the_link_changes_nothing(
    client: FlaskClient, sent_email: SentEmail, installation: Installation
) -> None:
    token = sent_email()
    answer = client.get(f"/unsubscribe/{token}")
    assert answer.status_code == 200
    assert "Unsubscribe from all campaign emails" in answer.text
    assert "Unsubscribe only from emails about" in answer.text
    assert "A…@example.org" in answer.text
    assert "Ana@example.org" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.head(f"/unsubscribe/{token}").status_code == 200
    assert stopped(installation) == []


def test_one_click_unsubscribing_stops_all_campaign_emails(
    client: FlaskClient, sent_email: SentEmail, installation: Installation
) -> None:
    token = sent_email()
    for _ in range(2):
        answer = client.post(
            f"/unsubscribe/{token}",
            data=ONE_CLICK,
            headers={"Origin": "https://mail.example.com", "Sec-Fetch-Site": "cross-site"},
        )
        assert answer.status_code == 200
        assert "Location" not in answer.headers
        assert "Set-Cookie" not in answer.headers
        assert "You are unsubscribed" in answer.text
    assert stopped(installation) == [("ana@example.org", True, "unsubscribed")]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"List-Unsubscribe=One-Click", "text/plain"),
        (b"", ""),
        (b'{"a": 1}', "application/json"),
        (MULTIPART, "multipart/form-data; boundary=x"),
        (b"scope=elsewhere", "application/x-www-form-urlencoded"),
        (b"a=" + b"x" * 70_000, "application/x-www-form-urlencoded"),
    ],
)  # fmt: skip
def test_any_post_unsubscribes(
    client: FlaskClient,
    sent_email: SentEmail,
    installation: Installation,
    body: bytes,
    content_type: str,
) -> None:
    answer = client.post(f"/unsubscribe/{sent_email()}", data=body, content_type=content_type)
    assert answer.status_code == 200
    assert stopped(installation) == [("ana@example.org", True, "unsubscribed")]


def test_a_reader_may_leave_one_campaign_only(
    client: FlaskClient, sent_email: SentEmail, installation: Installation
) -> None:
    answer = client.post(f"/unsubscribe/{sent_email()}", data={"scope": "campaign"})
    assert "No more emails about this campaign" in answer.text
    assert "Unsubscribe from all campaign emails" in answer.text
    assert stopped(installation) == [("ana@example.org", False, "unsubscribed")]


def test_an_unsubscribe_can_be_undone_and_a_bounce_cannot(
    client: FlaskClient, sent_email: SentEmail, installation: Installation
) -> None:
    token = sent_email()
    client.post(f"/unsubscribe/{token}", data=ONE_CLICK)
    client.post(f"/unsubscribe/{token}", data={"scope": "campaign"})
    answer = client.post(f"/unsubscribe/{token}", data={"scope": "undo"})
    assert "You are subscribed again" in answer.text
    assert stopped(installation) == []
    with installation.sessions.begin() as session:
        suppress(session, "ana@example.org", SuppressionReason.bounced)
    answer = client.post(f"/unsubscribe/{token}", data={"scope": "undo"})
    assert "That was a mistake" not in answer.text
    assert stopped(installation) == [("ana@example.org", True, "bounced")]


def test_concurrent_clicks_are_one(
    app: Flask, sent_email: SentEmail, installation: Installation
) -> None:
    token = sent_email()
    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(
            lambda _: app.test_client().post(f"/unsubscribe/{token}", data=ONE_CLICK), range(8)
        )
        assert [answer.status_code for answer in answers] == [200] * 8
    assert stopped(installation) == [("ana@example.org", True, "unsubscribed")]


@pytest.mark.parametrize("token", ["nobody", "%00", "x" * 500, "..%2F..", "'; DROP TABLE"])
def test_an_unknown_token_shows_an_error_page(client: FlaskClient, token: str) -> None:
    for answer in (
        client.get(f"/unsubscribe/{token}"),
        client.post(f"/unsubscribe/{token}", data=ONE_CLICK),
    ):
        assert answer.status_code == 404
        assert "<h1>" in answer.text


def test_a_reminder_email_has_nothing_to_unsubscribe_from(
    client: FlaskClient, sent_email: SentEmail, installation: Installation
) -> None:
    token = sent_email("")
    answer = client.post(f"/unsubscribe/{token}", data=ONE_CLICK)
    assert answer.status_code == 200
    assert "then deleted your address" in answer.text
    assert stopped(installation) == []


def test_an_address_is_masked() -> None:
    assert mask_email("jo@example.org") == "j…@example.org"
    assert mask_email("") == ""
