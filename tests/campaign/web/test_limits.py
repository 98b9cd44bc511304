"""Rate limits of public forms: how often, per whom, and how long a refusal lasts."""

import hashlib
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from campaign.core.clock import now
from campaign.models import Campaign
from campaign.web.limits import hashed_key, typed_mailbox
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
            clock.shift(timedelta(hours=1))


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


def test_all_forms_together_send_six_emails_an_hour_to_a_mailbox(
    app: Flask, client: FlaskClient, campaign: Campaign
) -> None:
    def ask(path: str, number: int = 0) -> int:
        return ask_for_link(app, path, f"ana+{number}@example.org", f"192.0.2.{number + 1}")

    def remind(number: int, when: str = "tomorrow") -> int:
        form = {"email": f"ANA+{number}@example.org", "when": when}
        return client.post(REMIND, data=form).status_code

    with time_machine.travel(now(), tick=False) as clock:
        assert [ask(STAFF_LINK, number) for number in range(3)] == [303] * 3
        # A form with errors sends nothing.
        assert [remind(number, "never") for number in range(9)] == [422] * 9
        assert [remind(number) for number in range(2)] == [200] * 2
        assert [ask(DONOR_LINK, number) for number in range(3)] == [303, 429, 429]
        assert remind(3) == 429
        assert ask(STAFF_LINK, 4) == 429
        assert ask_for_link(app, DONOR_LINK, "bea@example.org", "192.0.2.1") == 303
        clock.shift(timedelta(hours=1))
        assert ask(DONOR_LINK) == 303


SPELLINGS = [
    "ana@example.org",
    "ANA@Example.ORG",
    " ana@example.org ",
    "ana\x01@example.org",
    "a\x7fna@example.org",
    "ana\u200b@example.org",
    "\u202eana@example.org",
    "\uff41na@example.org",
    "ana@example.org.",
    "ana+1@example.org",
    "ana+anything@exam\xadple.org",
]
"""One mailbox, as somebody types it who wants to be counted as somebody else."""


@OF_GIVING
def test_every_spelling_of_an_address_is_one_person(
    client: FlaskClient, campaign: Campaign, path: str
) -> None:
    typed = [SPELLINGS[number % len(SPELLINGS)] for number in range(22)]
    assert [post(client, path, one) for one in typed] == [422] * 20 + [429] * 2


@pytest.mark.parametrize("path", [STAFF_LINK, DONOR_LINK])
def test_every_spelling_of_a_mailbox_shares_its_links(app: Flask, path: str) -> None:
    typed = ["a.na@gmail.com", "an.a+b@gmail.com", "ANA@googlemail.com", "ana+c@gmail.com"]
    statuses = [ask_for_link(app, path, one, f"192.0.2.{n}") for n, one in enumerate(typed * 2)]
    assert statuses == [303] * 4 + [429] * 4


@pytest.mark.parametrize("path", [STAFF_LINK, DONOR_LINK])
def test_all_addresses_of_an_ipv6_network_count_together(app: Flask, path: str) -> None:
    def ask(number: int, network: str) -> int:
        return ask_for_link(app, path, f"{number}@example.org", f"{network}::{number + 1:x}")

    assert [ask(number, "2001:db8:1:2") for number in range(31)] == [303] * 30 + [429]
    assert ask(31, "2001:db8:1:3") == 303


def test_a_form_that_is_too_large_has_no_mailbox(app: Flask) -> None:
    for typed, read in ((" Ana@Example.org ", "ana@example.org"), ("", ""), ("x" * 70_000, "")):
        with app.test_request_context("/", method="POST", data={"email": typed}):
            assert typed_mailbox() == read


def test_a_key_reveals_nothing_and_depends_on_every_part_and_on_the_secret(app: Flask) -> None:
    with app.test_request_context("/"):
        keys = {hashed_key("a", "b"), hashed_key("a", "c"), hashed_key("ab"), hashed_key("a\0b")}
        # Only the first and the last are made of the same characters, in parts that no caller mixes.
        assert len(keys) == 3
        assert all(re.fullmatch("[0-9a-f]{24}", key) for key in keys)
        plain = hashlib.sha256(b"rate limit\0a\0b").hexdigest()[:24]
        assert plain not in keys
