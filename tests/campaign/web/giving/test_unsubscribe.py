"""Leaving: one click for mail programs, a page with buttons for people, and never by a link that is only followed."""

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
Letter = Callable[..., str]


@pytest.fixture
def letter(installation: Installation, campaign: Campaign) -> Letter:
    """Queues an appeal and gives its token."""

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
    client: FlaskClient, letter: Letter, installation: Installation
) -> None:
    token = letter()
    answer = client.get(f"/unsubscribe/{token}")
    assert answer.status_code == 200
    assert "Stop all appeals" in answer.text
    assert "Only stop letters about" in answer.text
    assert "A…@example.org" in answer.text
    assert "Ana@example.org" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert client.head(f"/unsubscribe/{token}").status_code == 200
    assert stopped(installation) == []


def test_one_click_of_a_mail_program_stops_all_appeals(
    client: FlaskClient, letter: Letter, installation: Installation
) -> None:
    token = letter()
    for _ in range(2):
        answer = client.post(
            f"/unsubscribe/{token}",
            data=ONE_CLICK,
            headers={"Origin": "https://mail.example.com", "Sec-Fetch-Site": "cross-site"},
        )
        assert answer.status_code == 200
        assert "Location" not in answer.headers
        assert "Set-Cookie" not in answer.headers
        assert "No more appeals" in answer.text
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
def test_whoever_posts_wants_to_leave_however_it_is_written(
    client: FlaskClient, letter: Letter, installation: Installation, body: bytes, content_type: str
) -> None:
    answer = client.post(f"/unsubscribe/{letter()}", data=body, content_type=content_type)
    assert answer.status_code == 200
    assert stopped(installation) == [("ana@example.org", True, "unsubscribed")]


def test_a_reader_may_leave_one_campaign_only(
    client: FlaskClient, letter: Letter, installation: Installation
) -> None:
    answer = client.post(f"/unsubscribe/{letter()}", data={"scope": "campaign"})
    assert "No more letters about this campaign" in answer.text
    assert "Stop all appeals" in answer.text
    assert stopped(installation) == [("ana@example.org", False, "unsubscribed")]


def test_a_mistake_is_taken_back_and_a_bounce_is_not(
    client: FlaskClient, letter: Letter, installation: Installation
) -> None:
    token = letter()
    client.post(f"/unsubscribe/{token}", data=ONE_CLICK)
    client.post(f"/unsubscribe/{token}", data={"scope": "campaign"})
    answer = client.post(f"/unsubscribe/{token}", data={"scope": "undo"})
    assert "You get our appeals again" in answer.text
    assert stopped(installation) == []
    with installation.sessions.begin() as session:
        suppress(session, "ana@example.org", SuppressionReason.bounced)
    answer = client.post(f"/unsubscribe/{token}", data={"scope": "undo"})
    assert "That was a mistake" not in answer.text
    assert stopped(installation) == [("ana@example.org", True, "bounced")]


def test_clicks_at_once_are_one(app: Flask, letter: Letter, installation: Installation) -> None:
    token = letter()
    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(
            lambda _: app.test_client().post(f"/unsubscribe/{token}", data=ONE_CLICK), range(8)
        )
        assert [answer.status_code for answer in answers] == [200] * 8
    assert stopped(installation) == [("ana@example.org", True, "unsubscribed")]


@pytest.mark.parametrize("token", ["nobody", "%00", "x" * 500, "..%2F..", "'; DROP TABLE"])
def test_a_token_of_no_letter_is_a_page_in_words(client: FlaskClient, token: str) -> None:
    for answer in (
        client.get(f"/unsubscribe/{token}"),
        client.post(f"/unsubscribe/{token}", data=ONE_CLICK),
    ):
        assert answer.status_code == 404
        assert "<h1>" in answer.text


def test_the_only_letter_of_a_reminder_has_nothing_to_stop(
    client: FlaskClient, letter: Letter, installation: Installation
) -> None:
    token = letter("")
    answer = client.post(f"/unsubscribe/{token}", data=ONE_CLICK)
    assert answer.status_code == 200
    assert "your address has been forgotten" in answer.text
    assert stopped(installation) == []


def test_an_address_is_masked_for_whom_the_letter_was_forwarded_to() -> None:
    assert mask_email("jo@example.org") == "j…@example.org"
    assert mask_email("") == ""
