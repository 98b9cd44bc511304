"""What a donor's page of a monthly or yearly gift says, and how its forms are read."""

import pytest
from flask.testing import FlaskClient

from campaign.core import clock
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.monthly_gifts import Begin, at, read, text_of


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def test_the_page_says_how_the_gift_stands_and_is_private(
    client: FlaskClient, begin: Begin
) -> None:
    found = begin(cover_fees="yes")
    answer = client.get(at(found))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "https://billing.stripe.com" in answer.headers["Content-Security-Policy"]
    text = text_of(client, found)
    for said in ("$26.06 a month", "Going on", "Next charge", "$25 every month", "Receipt 20"):
        assert said in text
    assert found.current_period_end is not None
    due = found.current_period_end.astimezone(clock.zone("America/Los_Angeles"))
    assert f"{due:%B} {due.day}, {due.year}" in text


def test_an_amount_that_cannot_be_is_named_beside_its_field(
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
