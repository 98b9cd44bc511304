"""The appeal page: prefilled forms, sanitized text, security headers."""

import pytest
from flask.testing import FlaskClient

from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.models import Campaign
from campaign.runtime.context import Installation

PAGES = ["/", "/c/nine-days"]


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


def test_the_appeal_is_sanitized(client: FlaskClient, installation: Installation) -> None:
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


def test_every_response_forbids_foreign_scripts_and_frames(
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
    return NewCampaign(**values)
