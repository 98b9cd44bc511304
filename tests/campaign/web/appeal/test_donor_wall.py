"""The donor wall's pages and the list of campaigns."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from campaign.campaigns.donor_wall import save_wall_entry
from campaign.core.clock import now
from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.support.campaigns import add_booked_gift, add_campaign
from tests.support.donor_wall import WORDS
from tests.support.waiting import wait_until


def test_the_wall_has_pages(client: FlaskClient, installation: Installation) -> None:
    campaign = add_campaign(installation)
    assert client.get("/c/winter/donors").status_code == 404
    with installation.sessions.begin() as session:
        session.get_one(Campaign, campaign.id).wall_shown = True
        for number in range(53):
            gift = add_booked_gift(session, campaign, name=f"Reader{number:02}")
            save_wall_entry(session, gift, "<Bo>", now(), wording=WORDS)
    wait_until(lambda: "Reader52" in client.get("/c/winter").text)
    page = client.get("/c/winter").text
    assert "Reader48" in page
    assert "Reader47" not in page
    assert "&lt;Bo&gt;" in page
    first = client.get("/c/winter/donors").text
    assert first.count("<li>") == 50
    further = first.split("before=")[1].split('"')[0]
    rest = client.get(f"/c/winter/donors?before={further}").text
    assert ("Reader02" in rest, "Reader03" in rest, rest.count("<li>")) == (True, False, 3)
    assert client.get("/c/winter/donors?before=x").text.count("<li>") == 50


def test_the_list_shows_the_status_of_each_campaign(
    client: FlaskClient, installation: Installation
) -> None:
    for slug, start, end in (
        ("early", timedelta(days=1), timedelta(days=2)),
        ("closed", -timedelta(days=9), -timedelta(seconds=1)),
        ("over", -timedelta(days=90), -timedelta(days=60)),
        ("secret", -timedelta(days=9), timedelta(days=9)),
    ):
        found = add_campaign(
            installation,
            slug=slug,
            start=(now() + start).isoformat(),
            deadline=(now() + end).isoformat(),
        )
        with installation.sessions.begin() as session:
            add_booked_gift(session, found, 12_300)
            session.get_one(Campaign, found.id).figures_hidden = True
    shown = standings(client.get("/campaigns").text)
    assert shown["early"].startswith("Opens on ")
    assert shown["early"].endswith("The goal is $50,000.")
    assert shown["closed"].startswith("$123 of $50,000 raised (provisional result). It ended at ")
    assert shown["over"].startswith("$123 of $50,000 raised in total. It ended at ")
    assert shown["secret"].startswith("The goal is $50,000. Open until ")


def standings(page: str) -> dict[str, str]:
    """Return the status sentence of each listed campaign, by slug."""
    found = re.findall(r'<h3><a href="/c/([\w-]+)".*?</h3>\s*<p>([^<]+)</p>', page, re.DOTALL)
    return dict(found)


def test_without_a_campaign_the_list_is_still_a_page(client: FlaskClient) -> None:
    answer = client.get("/campaigns")
    assert (answer.status_code, standings(answer.text)) == (200, {})
    assert answer.headers["Cache-Control"] == "public, max-age=10, stale-while-revalidate=60"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("before", ["9" * 25, "-1", "²", "1.5", ""])
def test_an_invalid_position_shows_the_first_page(
    client: FlaskClient, installation: Installation, before: str
) -> None:
    campaign = add_campaign(installation)
    with installation.sessions.begin() as session:
        session.get_one(Campaign, campaign.id).wall_shown = True
        gift = add_booked_gift(session, campaign, name="Ana")
        save_wall_entry(session, gift, "", now(), wording=WORDS)
    page = client.get("/c/winter/donors", query_string={"before": before})
    assert (page.status_code, page.text.count("<li>")) == (200, 1)
