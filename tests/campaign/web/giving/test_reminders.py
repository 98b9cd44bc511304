"""“Remind me later”: one row, the same response for everyone, and typed values are never lost."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.core import clock
from campaign.mailer.suppressions import suppress
from campaign.models import Campaign, OutboxMessage, Reminder, Subscriber, SuppressionReason
from campaign.outreach.reminders import count_due, queue_due
from campaign.runtime.context import Installation

PATH = "/c/nine-days/remind"
NOW = datetime(2026, 12, 1, tzinfo=UTC)
ASKED = {"email": "ana@example.org", "when": "tomorrow"}


def reminders(installation: Installation) -> list[tuple[str, str]]:
    with installation.sessions() as session:
        rows = session.scalars(select(Reminder).order_by(Reminder.id))
        return [(row.email, row.choice) for row in rows]


def test_a_reminder_is_saved_once_and_shown_with_its_time(
    client: FlaskClient, campaign: Campaign, installation: Installation
) -> None:
    for _ in range(2):
        answer = client.post(PATH, data=ASKED)
        assert answer.status_code == 200
        assert "We will remind you" in answer.text
        assert "Pacific time" in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
    assert reminders(installation) == [("ana@example.org", "tomorrow")]
    client.post(PATH, data=ASKED | {"email": "ANA@example.org", "when": "three_days"})
    assert [choice for _, choice in reminders(installation)] == ["three_days"]


def test_the_response_does_not_reveal_who_is_suppressed(
    client: FlaskClient, campaign: Campaign, installation: Installation
) -> None:
    with installation.sessions.begin() as session:
        suppress(session, "bea@example.org", SuppressionReason.complained)
    known = client.post(PATH, data=ASKED | {"email": "bea@example.org"})
    unknown = client.post(PATH, data=ASKED)
    assert known.status_code == unknown.status_code == 200
    assert known.text.replace("bea@", "ana@") == unknown.text


@pytest.mark.parametrize(
    ("data", "typed", "words"),
    [
        ({"email": "ana", "when": "tomorrow"}, 'value="ana"', "email address"),
        ({"email": "", "when": "tomorrow"}, 'value=""', "email address"),
        ({"email": "ana@example.org"}, 'value="ana@example.org"', "Choose when"),
        ({"email": "ana@example.org", "when": "never"}, 'value="ana@example.org"', "Choose when"),
        ({"email": "a@example.org\r\nBcc: b@example.org", "when": "tomorrow"}, "Bcc", "email"),
        ({"email": "a" * 300 + "@example.org", "when": "tomorrow"}, "aaa", "email address"),
        ({}, "", "Choose when"),
    ],
)
def test_errors_are_shown_and_typed_values_stay(
    client: FlaskClient,
    campaign: Campaign,
    installation: Installation,
    data: dict[str, str],
    typed: str,
    words: str,
) -> None:
    answer = client.post(PATH, data=data)
    assert answer.status_code == 422
    assert typed in answer.text
    assert words in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert reminders(installation) == []


def test_only_times_before_the_deadline_are_offered(
    client: FlaskClient, campaign: Campaign, installation: Installation
) -> None:
    with installation.sessions.begin() as session:
        session.get_one(Campaign, campaign.id).deadline = clock.now() + timedelta(days=2)
    assert "/c/nine-days/remind" in client.get("/c/nine-days").text
    page = client.get(PATH).text
    assert 'name="when" id="when" value="tomorrow"' in page
    assert 'value="three_days"' not in page
    assert client.post(PATH, data=ASKED | {"when": "three_days"}).status_code == 422


def test_a_closed_campaign_saves_no_reminder(
    client: FlaskClient, campaign: Campaign, installation: Installation
) -> None:
    with time_machine.travel(campaign.deadline + timedelta(minutes=1)):
        answer = client.post(PATH, data=ASKED)
        assert answer.status_code == 409
        assert "not open right now" in answer.text
        assert client.get(PATH).status_code == 200
    assert reminders(installation) == []


def test_other_sites_are_refused_and_requests_are_rate_limited(
    client: FlaskClient, campaign: Campaign, installation: Installation
) -> None:
    foreign = client.post(PATH, data=ASKED, headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    assert reminders(installation) == []
    answers = [client.post(PATH, data=ASKED) for _ in range(25)]
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_an_unknown_campaign_is_not_found(client: FlaskClient) -> None:
    assert client.post("/c/nowhere/remind", data=ASKED).status_code == 404


def outbox(installation: Installation) -> list[tuple[str, str]]:
    with installation.sessions() as session:
        rows = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
        return [(row.kind, row.recipient) for row in rows]


def link_of(installation: Installation, email: str = "ana@example.org") -> str:
    with installation.sessions() as session:
        found = session.scalars(select(Reminder).where(Reminder.email == email)).one()
        return f"/remind/{found.token}"


def due(installation: Installation) -> int:
    """Return how many reminders are due in two days."""
    at = clock.now() + timedelta(days=2)
    with installation.sessions() as session:
        return count_due(session, session.scalars(select(Campaign)).one(), at)


def test_an_unknown_address_is_asked_once_and_reminded_only_if_it_answers(
    client: FlaskClient, campaign: Campaign, installation: Installation
) -> None:
    for _ in range(3):
        client.post(PATH, data=ASKED)
    assert outbox(installation) == [("reminder_confirmation", "ana@example.org")]
    assert due(installation) == 0
    link = link_of(installation)
    for _ in range(2):
        page = client.get(link)
        assert "Was it you?" in page.text
        assert page.headers["Cache-Control"] == "no-store"
    assert due(installation) == 0
    for _ in range(2):
        assert "We will remind you" in client.post(link).text
    assert due(installation) == 1
    # Asked for again, it needs no other answer.
    client.post(PATH, data=ASKED | {"when": "three_days"})
    assert len(outbox(installation)) == 1


def test_all_addresses_of_a_mailbox_get_one_email_a_day(
    client: FlaskClient, campaign: Campaign, installation: Installation
) -> None:
    for number in range(5):
        form = ASKED | {"email": f"a.n.a+{number}@gmail.com"}
        assert client.post(PATH, data=form).status_code == 200
    assert len(outbox(installation)) == 1
    assert due(installation) == 0


@pytest.mark.parametrize("known", ["donor", "subscriber"])
def test_a_known_address_is_reminded_without_being_asked(
    client: FlaskClient,
    campaign: Campaign,
    installation: Installation,
    gave: Callable[..., int],
    known: str,
) -> None:
    if known == "donor":
        gave("ana@example.org")
    else:
        with installation.sessions.begin() as session:
            session.add(Subscriber(email="Ana@example.org", consent_source="x", consent_at=NOW))
    client.post(PATH, data=ASKED)
    kinds = [kind for kind, _ in outbox(installation)]
    assert "reminder_confirmation" not in kinds
    with installation.sessions() as session:
        assert session.scalars(select(Reminder.confirmed_at)).one() is not None


def test_the_answer_is_the_same_for_a_known_and_an_unknown_address(
    client: FlaskClient, campaign: Campaign, installation: Installation, gave: Callable[..., int]
) -> None:
    gave("bea@example.org")
    known = client.post(PATH, data=ASKED | {"email": "bea@example.org"})
    unknown = client.post(PATH, data=ASKED)
    assert known.text.replace("bea@", "ana@") == unknown.text
    assert "asks whether it is yours" in unknown.text


def test_an_unanswered_reminder_is_deleted_when_it_would_be_due(
    client: FlaskClient, campaign: Campaign, installation: Installation
) -> None:
    client.post(PATH, data=ASKED)
    link = link_of(installation)
    with installation.sessions.begin() as session:
        found = session.scalars(select(Campaign)).one()
        queue_due(session, found, clock.now() + timedelta(days=2), "example.org")
    assert reminders(installation) == []
    assert client.get(link).status_code == 410
    assert client.post(link).status_code == 410
    assert client.get("/remind/guessed").status_code == 410


def test_another_site_cannot_confirm(
    client: FlaskClient, campaign: Campaign, installation: Installation
) -> None:
    client.post(PATH, data=ASKED)
    forged = client.post(link_of(installation), headers={"Origin": "https://evil.example"})
    assert forged.status_code == 403
    assert due(installation) == 0
