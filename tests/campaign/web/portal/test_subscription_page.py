"""The page of a monthly or yearly gift, and parsing its forms."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from campaign.core import clock
from campaign.core.money import LARGEST_CHARGE
from campaign.models import Subscription
from campaign.runtime.context import Installation
from campaign.web.portal.subscription_page import (
    ChangeForm,
    local_date,
    read_amount,
    read_months,
    summarize,
)
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.figures import campaign_of
from tests.support.monthly_gifts import Begin, at, read, text_of


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def test_the_page_shows_the_gifts_status_and_is_private(client: FlaskClient, begin: Begin) -> None:
    found = begin(cover_fees="yes")
    answer = client.get(at(found))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "https://billing.stripe.com" in answer.headers["Content-Security-Policy"]
    text = text_of(client, found)
    for said in ("$26.06 a month", "Active", "Next charge", "$25 every month", "Receipt 20"):
        assert said in text
    assert found.current_period_end is not None
    due = found.current_period_end.astimezone(clock.zone("America/Los_Angeles"))
    assert f"{due:%B} {due.day}, {due.year}" in text


def test_an_invalid_amount_has_an_error_at_its_field(
    client: FlaskClient, installation: Installation, begin: Begin
) -> None:
    found = begin()
    for typed, why in [("abc", "not an amount"), ("0.10", "smallest amount"), ("", "Enter an")]:
        answer = client.post(at(found, "/amount"), data={"amount": typed})
        assert answer.status_code == 422
        assert why in answer.text
        assert f'value="{typed}"' in answer.text
        assert 'aria-invalid="true"' in answer.text
    assert client.post(at(found, "/pause"), data={"months": "9"}).status_code == 422
    assert read(installation).amount == 2500


@pytest.fixture
def asked(app: Flask) -> Iterator[None]:
    with app.test_request_context("/me"):
        yield


DAY = datetime(2026, 12, 24, 7, 59, tzinfo=UTC)
"""The last minute of December 23 in Los Angeles."""


def gift(**changes: Any) -> Subscription:
    """$25 a month, charged next on December 23."""
    values: dict[str, Any] = {
        "token": "t",
        "campaign": campaign_of(smallest_amount=100),
        "frequency": "monthly",
        "amount": 2_500,
        "fee_cover": 0,
        "currency": "usd",
        "state": "active",
        "current_period_end": DAY,
        "ends_at_period_end": False,
    }
    return Subscription(**{**values, **changes})


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("changes", "heading", "state", "due"),
    [
        ({}, "$25 a month", "Active", "December 23, 2026"),
        ({"frequency": "yearly", "fee_cover": 106}, "$26.06 a year", "Active", "December 23, 2026"),
        ({"current_period_end": None}, "$25 a month", "Active", ""),
        ({"ends_at_period_end": True}, "$25 a month", "Ends on December 23, 2026", ""),
        (
            {"state": "past_due"},
            "$25 a month",
            "The last payment did not go through",
            "December 23, 2026",
        ),
        ({"state": "paused"}, "$25 a month", "Paused", ""),
        (
            {"state": "paused", "paused_until": DAY},
            "$25 a month",
            "Paused until December 23, 2026",
            "December 23, 2026",
        ),
        (
            {"state": "paused", "paused_until": DAY + timedelta(minutes=1)},
            "$25 a month",
            "Paused until December 24, 2026",
            "",
        ),
        (
            {"state": "ended", "ended_at": DAY},
            "$25 a month, canceled",
            "Canceled on December 23, 2026",
            "",
        ),
    ],
)
def test_a_summary_shows_the_status_and_the_next_charge(
    changes: dict[str, Any], heading: str, state: str, due: str
) -> None:
    shown = summarize(gift(**changes))
    assert (shown["heading"], shown["state_text"], shown["next_text"]) == (heading, state, due)
    assert shown["ended"] is (changes.get("state") == "ended")


@pytest.mark.usefixtures("asked")
def test_an_amount_is_accepted_between_the_smallest_and_the_largest_charge() -> None:
    for typed, wanted in (
        ("1", 100),
        ("$25.50", 2_550),
        ("999,999.99", LARGEST_CHARGE),
        ("0.99", None),
        ("1000000", None),
        ("25,5", None),
        ("", None),
    ):
        form = ChangeForm(formdata=None, data={"amount": typed})
        assert read_amount(form, gift()) == wanted, typed
        assert bool(form.amount.errors) is (wanted is None)
    yen = gift(currency="jpy", campaign=campaign_of(smallest_amount=50, currency="jpy"))
    assert read_amount(ChangeForm(formdata=None, data={"amount": "2500"}), yen) == 2_500
    assert read_amount(ChangeForm(formdata=None, data={"amount": "25.5"}), yen) is None


@pytest.mark.usefixtures("asked")
def test_a_pause_accepts_only_the_offered_months() -> None:
    for typed, wanted in (("1", 1), ("6", 6), ("4", None), ("0", None), ("", None), (" 1", None)):
        form = ChangeForm(formdata=None, data={"months": typed})
        assert read_months(form) == wanted, typed
        assert bool(form.months.errors) is (wanted is None)


@pytest.mark.usefixtures("asked")
def test_a_day_is_named_in_the_organizations_zone() -> None:
    assert (local_date(None), local_date(DAY)) == ("", "December 23, 2026")
