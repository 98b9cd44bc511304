"""With the thanks: a shared computer that is left clean, and a monthly gift that is offered once."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from campaign.core import clock
from campaign.models import Campaign, Donation
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.campaign.web.giving.test_review_page import SIMPLE, post, rows, stripe_api_base

__all__ = ["stripe_api_base"]

Paid = Callable[..., Donation]


@pytest.fixture
def thanked(client: FlaskClient, installation: Installation, stripe: StripeSandbox) -> Paid:
    """A gift that was paid, and whose page was opened; `typed` changes the form."""

    def give(**typed: str) -> Donation:
        assert post(client, SIMPLE, **typed).status_code == 303
        donation: Donation = rows(installation, Donation)[-1]
        stripe.pay(donation.session_id)
        assert "Thank you" in client.get(f"/donations/{donation.token}").text
        return donation

    return give


def test_at_a_shared_computer_nothing_stays(
    client: FlaskClient, installation: Installation, campaign: Campaign, thanked: Paid
) -> None:
    form = client.get("/c/nine-days?shared=1").text
    assert re.search(r'<form [^>]*autocomplete="off"', form)
    assert 'autocomplete="email"' not in form
    assert re.search(r'<input type="checkbox" id="shared"[^>]*checked', form)
    first = thanked(shared="yes", name="Ana Reyes")
    page = client.get(f"/donations/{first.token}")
    assert page.headers["Cache-Control"] == "no-store"
    assert "/receipts/" not in page.text
    assert "Finish and clear" in page.text
    left = client.post(f"/donations/{first.token}/finish")
    assert (left.status_code, left.headers["Location"]) == (303, "/finished")
    for answer in (left, client.get("/finished")):
        assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "close the window" in client.get("/finished").text
    second = thanked(shared="yes", name="Ana Reyes", email="ben@example.org")
    with installation.sessions.begin() as session:
        session.execute(update(Donation).values(paid_at=clock.now() - timedelta(minutes=16)))
    for donation in (first, second):
        closed = client.get(f"/donations/{donation.token}").text
        assert "This page is closed" in closed
        assert "Ana" not in closed
        assert "@example" not in closed


def test_elsewhere_a_page_is_not_closed(
    client: FlaskClient, campaign: Campaign, thanked: Paid
) -> None:
    donation = thanked(name="Ana Reyes")
    page = client.get(f"/donations/{donation.token}").text
    assert "Finish and clear" not in page
    assert "/receipts/" in page
    client.post(f"/donations/{donation.token}/finish")
    assert "Thank you" in client.get(f"/donations/{donation.token}").text


def test_a_small_monthly_gift_is_offered_once_with_the_thanks(
    client: FlaskClient, installation: Installation, campaign: Campaign, thanked: Paid
) -> None:
    donation = thanked(code="article-7")
    address = f"/donations/{donation.token}"
    page = client.get(address).text
    assert "$3 a month" in page
    assert "/c/nine-days?amount=3&amp;frequency=monthly&amp;code=article-7#give" in page
    evil = {"Origin": "https://evil.example"}
    assert client.post(f"{address}/no-thanks", headers=evil).status_code == 403
    declined = client.post(f"{address}/no-thanks")
    assert (declined.status_code, declined.headers["Location"]) == (303, address)
    assert "Set-Cookie" not in declined.headers
    assert "a month" not in client.get(address).text


@pytest.mark.parametrize("why", ["monthly", "already", "paused", "closed", "small"])
def test_to_whom_it_is_no_news_nothing_is_offered(
    client: FlaskClient, installation: Installation, campaign: Campaign, thanked: Paid, why: str
) -> None:
    if why == "already":
        thanked(frequency="monthly", amount="10")
    typed: dict[str, Any] = {"monthly": {"frequency": "monthly"}, "small": {"amount": "1"}}.get(
        why, {}
    )
    donation = thanked(**typed)
    cases: dict[str, dict[str, Any]] = {
        "paused": {"pause_reason": "Card testing", "paused_at": clock.now()},
        "closed": {"deadline": clock.now()},
    }
    changes = cases.get(why, {})
    if changes:
        with installation.sessions.begin() as session:
            session.execute(update(Campaign).values(starts_at=donation.created_at, **changes))
    assert "No thanks" not in client.get(f"/donations/{donation.token}").text
