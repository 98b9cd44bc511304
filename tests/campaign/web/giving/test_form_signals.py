"""What a posted form says of its sender: its age, its trap, and whether it came through our pages."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from campaign.core import clock
from campaign.models import Campaign
from campaign.web.forms import GiftForm
from campaign.web.giving.form_signals import (
    fell_into_trap,
    is_scripted,
    keep_rendering,
    seconds_since_rendering,
    sign_rendering,
)
from tests.support.donate_form import give


@pytest.fixture
def request_of(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        yield


@pytest.mark.usefixtures("request_of")
def test_the_age_is_read_from_a_time_that_only_we_can_sign() -> None:
    at = clock.now().replace(microsecond=0)
    signed = sign_rendering(at)
    assert seconds_since_rendering(signed, at + timedelta(seconds=40)) == 40
    # Another server's clock may be a little ahead.
    assert seconds_since_rendering(signed, at - timedelta(seconds=2)) == 0
    assert seconds_since_rendering(signed, at - timedelta(seconds=60)) is None
    older = signed.replace(str(int(at.timestamp())), str(int(at.timestamp()) - 600))
    assert seconds_since_rendering(older, at) is None
    for forged in (None, "", "x", "1.x", str(int(at.timestamp())), "é.é"):
        assert seconds_since_rendering(forged, at) is None


@pytest.mark.usefixtures("request_of")
def test_a_form_that_is_shown_again_keeps_its_age_and_loses_what_fell_into_the_trap() -> None:
    earlier = sign_rendering(clock.now() - timedelta(seconds=90))
    form = GiftForm(formdata=None)
    form.rendered.data, form.website.data = earlier, "https://example.org"
    assert fell_into_trap(form)
    keep_rendering(form)
    assert (form.rendered.data, form.website.data) == (earlier, "")
    form.rendered.data = "forged"
    keep_rendering(form)
    assert seconds_since_rendering(form.rendered.data, clock.now()) is not None


def test_a_form_is_honest_with_all_that_the_review_page_sends(app: Flask) -> None:
    sent = {"attempt": "a", "reviewed": "r", "rendered": "1.x", "lang": "en"}
    for missing in (None, *sent):
        fields = {name: value for name, value in sent.items() if name != missing}
        with app.test_request_context(method="POST", data=fields):
            assert is_scripted(GiftForm()) is (missing is not None)


def test_the_page_and_its_review_carry_the_time_and_a_form_with_errors_keeps_it(
    client: FlaskClient, campaign: Campaign
) -> None:
    page = client.get("/c/nine-days").text
    rendered = re.search(r'name="rendered" value="([^"]+)"', page)
    assert rendered
    assert 'name="website" type="text" value=""' in page
    for changes in ({"step": "review"}, {"amount": "x"}, {"step": "change"}):
        again = give(client, rendered=rendered[1], **changes).text
        assert f'name="rendered" value="{rendered[1]}"' in again
