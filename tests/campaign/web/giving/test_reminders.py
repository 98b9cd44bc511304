"""“Remind me later”: one row, the same response for everyone, and typed values are never lost."""

from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.core import clock
from campaign.mailer.suppressions import suppress
from campaign.models import Campaign, Reminder, SuppressionReason
from campaign.runtime.context import Installation

PATH = "/c/nine-days/remind"
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
