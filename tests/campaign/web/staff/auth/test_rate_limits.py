"""Rate limits of sign-in: how many tries are allowed, and that every lockout expires."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine
from flask import Flask

from campaign.core.clock import now
from campaign.models import StaffMember
from campaign.runtime.context import Installation
from campaign.staff.members import find_member
from tests.support.authenticator import link_for, set_up
from tests.support.passwords import PASSWORD, with_password
from tests.support.staff import StaffClient, StaffMaker, browser

AT_ONCE = 60
"""More guesses at the same time than any limit allows."""


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


@pytest.mark.parametrize(
    "spelling",
    [
        "{}\x01",
        "\x1f{}",
        "{}\u200b",
        "\ufeff{}",
        "{} ",
        "\uff21na@example.org",
        "ana+{n}@example.org",
    ],
)
def test_no_spelling_of_an_address_gives_more_guesses(
    app: Flask, installation: Installation, spelling: str
) -> None:
    with_password(app, installation, "ana@example.org")
    statuses = [
        browser(app)
        .post_form(
            "/staff/sign-in",
            {"email": spelling.format("ana@example.org", n=number), "password": f"guess {number}"},
        )
        .status_code
        for number in range(12)
    ]
    assert statuses == [422] * 10 + [429] * 2


def test_a_spelling_that_a_person_cannot_see_still_signs_in(
    app: Flask, installation: Installation
) -> None:
    with_password(app, installation, "ana@example.org")
    form = {"email": "\u200bAna@example.org\x00", "password": PASSWORD}
    assert browser(app).post_form("/staff/sign-in", form).status_code == 303


def test_guesses_for_many_people_from_one_network_count_together(app: Flask) -> None:
    def guess(number: int, address: str) -> int:
        form = {"email": f"{number}@example.org", "password": "guess"}
        environment = {"REMOTE_ADDR": address}
        answer = browser(app).post_form("/staff/sign-in", form, environ_base=environment)
        return answer.status_code

    neighbors = [guess(number, f"2001:db8::{number + 1:x}") for number in range(41)]
    assert neighbors == [422] * 40 + [429]
    assert guess(41, "2001:db8:0:1::1") == 422


def all_at_once(tries: list[Callable[[], int]]) -> list[int]:
    """Run each in a thread of its own, all begun at the same moment; return the statuses."""
    barrier = Barrier(len(tries))

    def start(one: Callable[[], int]) -> int:
        barrier.wait(60)
        return one()

    with ThreadPoolExecutor(len(tries)) as threads:
        return list(threads.map(start, tries))


def test_of_many_passwords_at_once_no_more_are_looked_at_than_the_limit(
    app: Flask, installation: Installation
) -> None:
    with_password(app, installation, "ana@example.org")
    clients = [browser(app) for _ in range(AT_ONCE)]

    def guess(client: StaffClient, number: int) -> Callable[[], int]:
        form = {"email": "ana@example.org", "password": f"guess {number}"}
        return lambda: client.post_form("/staff/sign-in", form).status_code

    found = all_at_once([guess(one, number) for number, one in enumerate(clients)])
    assert sorted(found) == [422] * 10 + [429] * (AT_ONCE - 10)


def test_of_many_codes_at_once_no_more_are_looked_at_than_the_limit(
    app: Flask, installation: Installation, staff: StaffMaker
) -> None:
    member = _with_authenticator(installation, staff)
    clients = [_after_first_factor(app, installation, member) for _ in range(AT_ONCE)]

    def guess(client: StaffClient) -> Callable[[], int]:
        path = "/staff/sign-in/second-factor"
        return lambda: client.post_form(path, {"code": "123456"}).status_code

    found = all_at_once([guess(one) for one in clients])
    assert sorted(found) == [422] * 8 + [429] * (AT_ONCE - 8)


def _with_authenticator(installation: Installation, staff: StaffMaker) -> StaffMember:
    set_up(staff(email="ana@example.org"))
    with installation.sessions() as session:
        return find_member(session, "ana@example.org")


def _after_first_factor(app: Flask, installation: Installation, member: StaffMember) -> StaffClient:
    client = browser(app)
    answer = client.open_link(link_for(installation, member))
    assert answer.location == "/staff/sign-in/second-factor"
    return client


def test_wrong_codes_of_many_members_from_one_network_count_together(
    app: Flask, installation: Installation, staff: StaffMaker
) -> None:
    members = []
    for number in range(6):
        set_up(staff(email=f"{number}@example.org"))
        with installation.sessions() as session:
            members.append(find_member(session, f"{number}@example.org"))
    statuses = []
    for member in members:
        client = _after_first_factor(app, installation, member)
        for _ in range(8):
            answer = client.post_form("/staff/sign-in/second-factor", {"code": "123456"})
            statuses.append(answer.status_code)
    assert statuses == [422] * 40 + [429] * 8
