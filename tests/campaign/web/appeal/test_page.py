"""The appeal page and the figure, as every reader gets them."""

import json
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.models import Campaign
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
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
    assert "There is nothing at this address" in answer.text


def test_an_address_prefills_the_form(client: FlaskClient, campaign: Campaign) -> None:
    page = client.get("/c/nine-days?amount=40&frequency=monthly&code=article-7").text
    assert 'value="article-7"' in page
    assert 'value="40"' in page


def test_a_prefilled_address_cannot_break_out_of_the_page(
    client: FlaskClient, campaign: Campaign
) -> None:
    page = client.get("/c/nine-days", query_string={"amount": '"><script>x', "code": "'><b>"}).text
    assert "<script>x" not in page
    assert "'><b>" not in page


def test_the_appeal_is_cleaned(client: FlaskClient, installation: Installation) -> None:
    text = (
        "<script>alert(1)</script> [x](javascript:alert(1)) ![i](https://t.example/p.png) **bold**"
    )
    with installation.sessions.begin() as session:
        create_campaign(session, _campaign("hostile", appeal=text))
    page = client.get("/c/hostile").text
    assert "<script>alert" not in page
    assert 'href="javascript:' not in page
    assert "t.example" not in page
    assert "<strong>bold</strong>" in page


@pytest.mark.parametrize(
    ("start", "deadline", "words"),
    [
        ("2090-01-01", "2090-02-01", "Opens on January 1, 2090"),
        ("2001-01-01", "2001-02-01", "final result"),
    ],
)
def test_a_campaign_that_is_not_open_shows_no_form(
    client: FlaskClient, installation: Installation, start: str, deadline: str, words: str
) -> None:
    with installation.sessions.begin() as session:
        create_campaign(session, _campaign("other", start=start, deadline=deadline))
    page = client.get("/c/other").text
    assert words in page
    assert "/c/other/donate" not in page


def test_progress_is_the_contracts_object_with_a_tag(
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


def test_every_answer_forbids_foreign_scripts_and_frames(
    client: FlaskClient, campaign: Campaign
) -> None:
    for path in (*PAGES, "/c/unknown", "/healthz"):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "form-action 'self' https://checkout.stripe.com" in policy


def _campaign(slug: str, **changes: str) -> NewCampaign:
    values = {
        "slug": slug,
        "title": "Another",
        "goal": "100",
        "deadline": "2099-12-31",
        "timezone": "America/New_York",
        **changes,
    }
    return NewCampaign(**values)  # type: ignore[arg-type]


def test_the_page_is_kept_for_a_second_and_dropped_when_a_gift_arrives(
    client: FlaskClient,
    installation: Installation,
    give: Callable[..., Facts],
    store: Callable[..., None],
) -> None:
    assert "$0 of $50,000" in client.get("/c/nine-days").text
    # The form's attempt is made anew whenever the page is rendered: equal bytes were kept.
    wait_until(lambda: client.get("/c/nine-days").data == client.get("/c/nine-days").data)
    assert 'value="article-7"' in client.get("/c/nine-days?code=article-7").text
    store(give().completed())
    apply_due_events(installation)
    wait_until(lambda: "$25 of $50,000" in client.get("/c/nine-days").text)
