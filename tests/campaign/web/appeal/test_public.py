"""The public pages: home, the appeal, progress as JSON and as a stream."""

import json
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.core.clock import now
from campaign.models import Campaign, CodeVisit
from campaign.runtime.context import Installation
from tests.support.campaigns import add_campaign
from tests.support.stripe import Facts
from tests.support.waiting import wait_until

PAGES = ["/", "/c/nine-days"]


@pytest.mark.parametrize("path", PAGES)
def test_the_page_is_the_same_for_every_reader(
    client: FlaskClient, campaign: Campaign, path: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"].startswith("public, max-age=1")
    assert "Vary" not in answer.headers or "Cookie" not in answer.headers["Vary"]
    assert "days left to raise $50,000" in answer.text
    assert "<strong>commission</strong>" in answer.text


def test_without_a_campaign_home_says_so(client: FlaskClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert "<form" not in answer.text


@pytest.mark.parametrize(
    "path", ["/c/unknown", "/c/unknown/progress.json", "/c/unknown/progress/stream"]
)
def test_an_unknown_campaign_is_a_404_page(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "Page not found" in answer.text


def test_progress_is_the_documented_object_with_an_etag(
    client: FlaskClient, campaign: Campaign
) -> None:
    answer = client.get("/c/nine-days/progress.json")
    found = json.loads(answer.data)
    assert (found["raised"], found["goal"], found["state"]) == (0, 5_000_000, "open")
    assert found["deadline"] == "2100-01-01T00:00:00-08:00"
    assert "max-age=1" in answer.headers["Cache-Control"]
    again = client.get(
        "/c/nine-days/progress.json", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")


def test_progress_follows_a_payment_at_once(
    client: FlaskClient, installation: Installation, paid: Facts
) -> None:
    found = json.loads(client.get("/c/nine-days/progress.json").data)
    assert (found["raised"], found["donations"], found["donors"]) == (2500, 1, 1)


def change(installation: Installation, campaign: Campaign, **values: object) -> None:
    with installation.sessions.begin() as session:
        found = session.get_one(Campaign, campaign.id)
        for name, value in values.items():
            setattr(found, name, value)


def test_home_shows_the_campaign_that_ends_soonest_and_lists_the_others(
    client: FlaskClient, installation: Installation
) -> None:
    later = add_campaign(installation)
    assert "/campaigns" not in client.get("/").text
    add_campaign(
        installation, slug="soon", title="Soon", deadline=(now() + timedelta(days=1)).isoformat()
    )
    past = add_campaign(
        installation,
        slug="past",
        title="Past",
        start="2020-01-01",
        deadline="2020-02-01",
        goal="100",
    )
    change(installation, later, organization_line="The Valley Desk, a project of ours")
    wait_until(lambda: "<h1>Soon</h1>" in client.get("/").text)
    wait_until(lambda: "Keep every story free to read</a>" in client.get("/").text)
    assert ">Past</a>" not in client.get("/").text
    page = client.get("/campaigns").text
    assert (
        page.index("Open now") < page.index("Soon") < page.index("Keep every") < page.index("Ended")
    )
    assert "The Valley Desk, a project of ours" in page
    assert "$0 of $100 raised in total." in page
    assert client.get(f"/c/{past.slug}").status_code == 200
    assert "mailto:?subject=Soon&amp;body=http" in client.get("/").text


def test_progress_can_be_read_from_any_origin_and_its_etag_is_weak(
    client: FlaskClient, campaign: Campaign
) -> None:
    answer = client.get("/c/nine-days/progress.json")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "public, max-age=1, stale-while-revalidate=10"
    assert answer.headers["ETag"].startswith('W/"')
    stale = {"If-None-Match": 'W/"another"'}
    assert client.get("/c/nine-days/progress.json", headers=stale).status_code == 200


def test_a_stream_is_not_buffered(client: FlaskClient, campaign: Campaign) -> None:
    answer = client.get("/c/nine-days/progress/stream", buffered=False)
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["X-Accel-Buffering"] == "no"
    parts = iter(answer.response)
    assert next(parts) == b"retry: 3000\n\n"
    assert b'"raised":0' in next(parts)
    answer.close()


def test_a_code_counts_only_if_the_page_exists(
    client: FlaskClient, campaign: Campaign, installation: Installation
) -> None:
    assert client.get("/c/unknown?code=a").status_code == 404
    client.get("/?code=home")
    client.get("/c/nine-days?code=b&amount=25")
    client.get("/c/nine-days/progress.json?code=c")
    client.application.extensions["visits"].flush()
    with installation.sessions() as session:
        assert set(session.scalars(select(CodeVisit.code))) == {"home", "b"}


def test_home_between_two_campaigns_is_a_page(
    client: FlaskClient, installation: Installation
) -> None:
    add_campaign(installation, slug="early", start="2098-01-01", deadline="2098-02-01")
    answer = client.get("/")
    assert answer.status_code == 200
    assert "/donate" not in answer.text
