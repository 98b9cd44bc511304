"""Rate limits of public forms: how often, per whom, and how long a refusal lasts."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from campaign.core.clock import now
from campaign.models import Campaign
from campaign.web.limits import typed_email
from tests.support.donate_form import FORM
from tests.support.staff import browser

GIVE, REMIND, STAFF_LINK, DONOR_LINK = (
    "/c/nine-days/donate",
    "/c/nine-days/remind",
    "/staff/sign-in/link",
    "/me",
)
OF_GIVING = pytest.mark.parametrize("path", [GIVE, REMIND])


def post(client: FlaskClient, path: str, email: str, address: str = "192.0.2.1") -> int:
    """Send a form that is understood but changes nothing; return the status."""
    form = {**FORM, "amount": "x", "when": "x", "email": email}
    return client.post(path, data=form, environ_base={"REMOTE_ADDR": address}).status_code


@OF_GIVING
def test_a_person_may_send_a_giving_form_twenty_times_a_minute_and_a_hundred_an_hour(
    client: FlaskClient, campaign: Campaign, path: str
) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        for _ in range(5):
            statuses = [post(client, path, "ana@example.org") for _ in range(20)]
            assert statuses == [422] * 20
            clock.shift(timedelta(minutes=1))
        assert post(client, path, "ana@example.org") == 429
        clock.shift(timedelta(minutes=55))
        assert [post(client, path, "ana@example.org") for _ in range(21)] == [422] * 20 + [429]


@OF_GIVING
def test_the_people_of_one_network_and_one_person_in_two_networks_are_counted_apart(
    client: FlaskClient, campaign: Campaign, path: str
) -> None:
    assert [post(client, path, "ana@example.org") for _ in range(21)][-1] == 429
    # The same person, however they type their address.
    assert post(client, path, " ANA@Example.org ") == 429
    assert post(client, path, "bea@example.org") == 422
    assert post(client, path, "ana@example.org", "198.51.100.7") == 422


def ask_for_link(app: Flask, path: str, email: str, address: str) -> int:
    """Request a sign-in link in a new browser; return the status."""
    more: dict[str, Any] = {"environ_base": {"REMOTE_ADDR": address}}
    if path == DONOR_LINK:
        return app.test_client().post(path, data={"email": email}, **more).status_code
    return browser(app).post_form(path, {"email": email}, **more).status_code


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the pause by which the donor page's answer takes the same time for every address."""
    monkeypatch.setattr("campaign.web.portal.sign_in.MIN_ANSWER_TIME", 0.0)


@pytest.mark.parametrize("path", [STAFF_LINK, DONOR_LINK])
def test_four_links_may_be_requested_for_an_address_in_a_quarter_of_an_hour_from_anywhere(
    app: Flask, path: str
) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        for _ in range(2):
            spellings = [
                "ana@example.org",
                "ANA@example.org",
                " ana@example.org",
                "Ana@Example.org",
            ]
            statuses = [
                ask_for_link(app, path, email, f"192.0.2.{number}")
                for number, email in enumerate([*spellings, "ana@example.org"])
            ]
            assert statuses == [303] * 4 + [429]
            assert ask_for_link(app, path, "bea@example.org", "192.0.2.1") == 303
            clock.shift(timedelta(minutes=15))


@pytest.mark.parametrize("path", [STAFF_LINK, DONOR_LINK])
def test_thirty_links_may_be_requested_from_one_network_in_an_hour(app: Flask, path: str) -> None:
    with time_machine.travel(now(), tick=False) as clock:
        statuses = [
            ask_for_link(app, path, f"{number}@example.org", "192.0.2.1") for number in range(31)
        ]
        assert statuses == [303] * 30 + [429]
        assert ask_for_link(app, path, "31@example.org", "198.51.100.7") == 303
        clock.shift(timedelta(minutes=59))
        assert ask_for_link(app, path, "32@example.org", "192.0.2.1") == 429
        clock.shift(timedelta(minutes=1))
        assert ask_for_link(app, path, "33@example.org", "192.0.2.1") == 303


def test_links_of_staff_and_donors_are_counted_apart(app: Flask) -> None:
    def ask(path: str) -> int:
        return ask_for_link(app, path, "ana@example.org", "192.0.2.1")

    assert [ask(STAFF_LINK) for _ in range(5)][-1] == 429
    assert [ask(DONOR_LINK) for _ in range(5)] == [303] * 4 + [429]


def test_the_typed_address_is_read_in_lower_case_up_to_the_longest_that_exists(app: Flask) -> None:
    for typed, read in (
        ("  Ana@Example.org ", "ana@example.org"),
        ("x" * 300, "x" * 254),
        ("", ""),
    ):
        with app.test_request_context("/", method="POST", data={"email": typed}):
            assert typed_email() == read
    with app.test_request_context("/", method="POST", data={"email": "x" * 70_000}):
        assert typed_email() == ""
