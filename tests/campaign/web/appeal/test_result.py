"""What the page says after the end: provisional at first, then final, and that a final result was corrected."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from campaign.core.clock import now
from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.support.stripe import Facts


@pytest.fixture
def ended(installation: Installation, campaign: Campaign, paid: Facts) -> Campaign:
    """The campaign, over a moment ago with $25 raised."""
    return change(installation, campaign, deadline=now())


def change(installation: Installation, campaign: Campaign, **values: object) -> Campaign:
    with installation.sessions.begin() as session:
        found = session.get_one(Campaign, campaign.id)
        for name, value in values.items():
            setattr(found, name, value)
    return found


def test_between_the_deadline_and_the_end_of_grace_it_is_provisional(
    client: FlaskClient, ended: Campaign
) -> None:
    page = client.get("/c/nine-days").text
    assert "raised, provisionally" in page
    assert "The result is provisional until" in page
    assert client.get("/c/nine-days/progress.json").get_json()["final"] is False


def test_afterwards_it_is_final(
    client: FlaskClient, installation: Installation, ended: Campaign
) -> None:
    change(installation, ended, grace_days=0, finalized_at=now(), final_raised=2500)
    page = client.get("/c/nine-days").text
    assert "raised in all" in page
    assert "This is the final result." in page
    assert "corrected" not in page
    assert client.get("/c/nine-days/progress.json").get_json()["final"] is True


def test_a_corrected_result_says_what_it_was_at_first(
    client: FlaskClient, installation: Installation, ended: Campaign
) -> None:
    moment = now() - timedelta(hours=1)
    change(installation, ended, grace_days=0, finalized_at=moment, final_raised=4000)
    page = client.get("/c/nine-days").text
    assert "This is the final result, $40 at first and corrected since." in page
