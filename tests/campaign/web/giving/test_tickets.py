"""Tickets: bound to one gift, accepted for half an hour after their wait, and once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask, copy_current_request_context

from campaign.core import clock
from campaign.web.giving.tickets import (
    LIFETIME,
    NEVER,
    WAITS,
    WINDOW,
    issue_ticket,
    place_ticket,
    read_ticket,
    sign_ticket,
    use_ticket,
)
from campaign.web.limits import limiter


@pytest.fixture(autouse=True)
def request_of(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        yield


def test_a_signed_ticket_is_read_for_its_gift_until_it_is_too_old() -> None:
    at = clock.now()
    ticket = issue_ticket("a-gift", 20, 0, at)
    signed = sign_ticket(ticket)
    found = read_ticket(signed, "a-gift", at)
    assert found is not None
    assert found.id == ticket.id
    assert 19.8 < found.seconds_left(at) <= 20
    assert read_ticket(signed, "another", at) is None
    last = at + timedelta(seconds=20 + LIFETIME - 1)
    assert read_ticket(signed, "a-gift", last) is not None
    assert read_ticket(signed, "a-gift", last + timedelta(seconds=2)) is None


def test_a_changed_ticket_is_none_of_ours() -> None:
    at = clock.now()
    signed = sign_ticket(issue_ticket("a-gift", 20, 0, at))
    sooner = sign_ticket(replace(issue_ticket("a-gift", 20, 0, at), not_before=0))
    payload, signature = sooner.rsplit(".", 1)[0], signed.rsplit(".", 1)[1]
    assert read_ticket(f"{payload}.{signature}", "a-gift", at) is None


def test_of_many_uses_at_once_one_counts(app: Flask) -> None:
    ticket = issue_ticket("a-gift", 0, 0, clock.now())
    with ThreadPoolExecutor(12) as threads:
        uses = [
            threads.submit(copy_current_request_context(lambda: use_ticket(ticket)))
            for _ in range(12)
        ]
    assert [use.result() for use in uses].count(True) == 1
    assert use_ticket(issue_ticket("a-gift", 0, 0, clock.now()))


def test_few_gifts_go_on_without_a_proof_one_after_another() -> None:
    at = clock.now().replace(minute=0, second=0, microsecond=0)
    tickets = [place_ticket(issue_ticket("a-gift", 0, 9, at), at) for _ in range(2 * WAITS + 1)]
    waits = [ticket.seconds_left(at) for ticket in tickets]
    assert waits[:3] == [0, WINDOW / WAITS, 2 * WINDOW / WAITS]
    assert max(waits[:-1]) < 2 * WINDOW
    assert waits[-1] == NEVER
    assert place_ticket(tickets[1], at + timedelta(seconds=90)) == tickets[1]
    # Where waiting is all that was asked, there are places for all.
    assert place_ticket(issue_ticket("a-gift", 0, 0, at), at).seconds_left(at) == 0


def test_while_the_store_is_down_every_ticket_is_good_and_placed_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def down(*_: object) -> int:
        raise ConnectionError("no store")

    at = clock.now()
    ticket = issue_ticket("a-gift", 0, 9, at)
    monkeypatch.setattr(type(limiter.limiter.storage), "incr", down)
    assert use_ticket(ticket)
    assert use_ticket(ticket)
    assert place_ticket(ticket, at).seconds_left(at) == 0
