"""Rate limits of sign-in: how many tries are allowed, and that every lockout expires."""

import re
from datetime import timedelta

import time_machine
from flask import Flask

from campaign.core.clock import now
from campaign.runtime.context import Installation
from tests.support.authenticator import link_for
from tests.support.passwords import PASSWORD, with_password
from tests.support.staff import (
    browser,
)


def test_guesses_are_rate_limited_and_the_lockout_expires(
    app: Flask, installation: Installation
) -> None:
    with_password(app, installation, "ana@example.org")
    client, form = browser(app), {"email": "ana@example.org", "password": "guess"}
    with time_machine.travel(now(), tick=False) as clock:
        assert [client.post_form("/staff/sign-in", form).status_code for _ in range(10)] == [
            422
        ] * 10
        right = form | {"password": PASSWORD}
        locked = client.post_form("/staff/sign-in", right)
        assert locked.status_code == 429
        assert re.search(r"wait 1[0-5] minutes", locked.text), locked.text
        assert 0 < int(locked.headers["Retry-After"]) <= 900
        other = {"email": "other@example.org", "password": "x"}
        assert client.post_form("/staff/sign-in", other).status_code == 422
        clock.shift(timedelta(minutes=15, seconds=1))
        assert client.post_form("/staff/sign-in", right).status_code == 303


def test_only_failed_attempts_count(app: Flask, installation: Installation) -> None:
    with_password(app, installation, "ana@example.org")
    form = {"email": "ana@example.org", "password": PASSWORD}
    for _ in range(12):
        assert browser(app).post_form("/staff/sign-in", form).status_code == 303


def test_a_lockout_is_per_email_and_network_and_a_link_still_works(
    app: Flask, installation: Installation
) -> None:
    member = with_password(app, installation, "ana@example.org")
    guess = {"email": " ANA@example.org", "password": "guess"}
    right = {"email": "ana@example.org", "password": PASSWORD}
    for _ in range(10):
        browser(app).post_form("/staff/sign-in", guess)
    assert browser(app).post_form("/staff/sign-in", right).status_code == 429
    elsewhere = {"REMOTE_ADDR": "198.51.100.7"}
    entered = browser(app).post_form("/staff/sign-in", right, environ_base=elsewhere)
    assert entered.status_code == 303
    assert browser(app).open_link(link_for(installation, member)).status_code == 303


def test_guesses_from_many_networks_count_together(app: Flask, installation: Installation) -> None:
    with_password(app, installation, "ana@example.org")
    form = {"email": "ana@example.org", "password": "x"}
    statuses = [
        browser(app)
        .post_form("/staff/sign-in", form, environ_base={"REMOTE_ADDR": f"198.51.100.{number}"})
        .status_code
        for number in range(51)
    ]
    assert statuses == [422] * 50 + [429]


def test_the_page_says_how_long_to_wait(app: Flask) -> None:
    form = {"email": "nobody@example.org"}
    client = browser(app)
    with time_machine.travel(now(), tick=False):
        answers = [client.post_form("/staff/sign-in/link", form) for _ in range(5)]
    assert [one.status_code for one in answers] == [303] * 4 + [429]
    seconds = int(answers[-1].headers["Retry-After"])
    assert 0 < seconds <= 900
    assert f"{-(-seconds // 60)} minutes" in answers[-1].text


def test_a_form_that_is_too_large_counts_for_its_network_and_is_rejected(app: Flask) -> None:
    client = browser(app)
    answer = client.post("/staff/sign-in/link", data={"email": "x" * 70_000})
    assert answer.status_code == 413
