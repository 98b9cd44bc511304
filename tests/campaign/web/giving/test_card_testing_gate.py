"""What an attempt costs while thieves test cards, as clients meet it: waits, proofs, refusals, and failures of ours."""

import re
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from altcha import solve_challenge
from altcha.v2 import Challenge, Payload
from flask import Flask, json
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from campaign.card_testing.assessment import Attempt
from campaign.card_testing.policy import Demand
from campaign.core import clock
from campaign.models import Campaign, SessionOpening
from campaign.runtime.context import Installation
from campaign.web.giving import card_testing_gate, tickets
from campaign.web.giving.tickets import LIFETIME
from campaign.web.limits import limiter
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.demands import Ask, demand
from tests.support.donate_form import donations, give

__all__ = ["demand"]


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def held(answer: TestResponse) -> dict[str, str]:
    """The hidden fields of the wait's form."""
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text)
    return {name: unescape(value) for name, value in fields}


def solution(answer: TestResponse) -> str:
    """The proof of work of this page, as its script posts it."""
    puzzle = re.search(r'data-puzzle="([^"]*)"', answer.text)
    assert puzzle
    challenge = Challenge.from_dict(json.loads(unescape(puzzle[1])))
    solved = solve_challenge(challenge)
    assert solved
    return Payload(challenge, solved).to_base64()


def standing_still() -> time_machine.travel:
    """A clock at a whole second, after the campaign's start."""
    return time_machine.travel(
        clock.now().replace(microsecond=0) + timedelta(seconds=1), tick=False
    )


def sessions(stripe: StripeSandbox) -> int:
    return len(stripe.objects("checkout.session"))


def test_the_wait_keeps_every_field_and_says_how_long(
    client: FlaskClient, installation: Installation, campaign: Campaign, demand: Ask
) -> None:
    demand("wait", seconds=20)
    dedication = {"tribute_kind": "honor", "tribute_name": "Rosa"}
    answer = give(client, name="Ana <Reyes>", comment="Two\nlines", **dedication)
    assert answer.status_code == 429
    assert 19 <= int(answer.headers["Retry-After"]) <= 20
    assert answer.headers["Cache-Control"] == "no-store"
    kept = held(answer)
    assert (kept["name"], kept["comment"]) == ("Ana <Reyes>", "Two\nlines")
    assert (kept["amount"], kept["email"], kept["tribute_name"]) == ("25", "ana@example.org", "Rosa")  # fmt: skip
    assert donations(installation) == []


def test_a_ticket_is_refused_before_its_time_and_opens_one_session_after_it(
    client: FlaskClient, campaign: Campaign, stripe: StripeSandbox, demand: Ask
) -> None:
    demand("wait", seconds=20)
    with standing_still() as moved:
        first = held(give(client))
        moved.shift(timedelta(seconds=12))
        early = give(client, **first)
        assert (early.status_code, early.headers["Retry-After"]) == (429, "8")
        assert held(early)["ticket"] == first["ticket"]
        assert "Not yet" in early.text
        assert sessions(stripe) == 0
        moved.shift(timedelta(seconds=8))
        assert give(client, **first).status_code == 303
    assert sessions(stripe) == 1


def test_a_double_click_on_continue_leads_to_the_same_session(
    client: FlaskClient, campaign: Campaign, stripe: StripeSandbox, demand: Ask
) -> None:
    demand("proof", seconds=60, difficulty=4)
    page = give(client)
    sent = {**held(page), "proof": solution(page)}
    first, second = give(client, **sent), give(client, **sent)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    assert sessions(stripe) == 1


def test_a_used_ticket_opens_no_further_session(
    client: FlaskClient, campaign: Campaign, stripe: StripeSandbox, demand: Ask
) -> None:
    demand("proof", seconds=60, difficulty=4)
    with standing_still() as moved:
        page = give(client)
        sent = {**held(page), "proof": solution(page)}
        assert give(client, **sent).status_code == 303
        stripe.pay(stripe.objects("checkout.session")[0]["id"])
        moved.shift(timedelta(seconds=90))
        again = give(client, **sent)
    assert again.status_code == 429
    assert held(again)["ticket"] != sent["ticket"]
    assert sessions(stripe) == 1


@pytest.mark.parametrize(
    "changed",
    [{"email": "ben@example.org"}, {"amount": "26"}, {"frequency": "monthly"}, {"attempt": "b-2"}],
)
def test_a_ticket_is_worth_nothing_for_another_gift(
    client: FlaskClient,
    campaign: Campaign,
    stripe: StripeSandbox,
    demand: Ask,
    changed: dict[str, str],
) -> None:
    demand("proof", seconds=60, difficulty=4)
    page = give(client)
    answer = give(client, **{**held(page), "proof": solution(page), **changed})
    assert answer.status_code == 429
    assert sessions(stripe) == 0


def test_a_proof_is_worth_nothing_with_another_ticket(
    client: FlaskClient, campaign: Campaign, stripe: StripeSandbox, demand: Ask
) -> None:
    demand("proof", seconds=60, difficulty=4)
    page, other = give(client), give(client)
    answer = give(client, **{**held(other), "proof": solution(page)})
    assert answer.status_code == 429
    assert sessions(stripe) == 0


@pytest.mark.parametrize("proof", ["", "x", "e30=", "bnVsbA==", "A" * 5000])
def test_rubbish_for_a_proof_is_no_proof(
    client: FlaskClient, campaign: Campaign, stripe: StripeSandbox, demand: Ask, proof: str
) -> None:
    demand("proof", seconds=60, difficulty=4)
    assert give(client, **{**held(give(client)), "proof": proof}).status_code == 429
    assert sessions(stripe) == 0


@pytest.mark.parametrize("ticket", ["", "x", "W10.x", "é"])
def test_a_forged_ticket_is_asked_to_wait_again(
    client: FlaskClient, campaign: Campaign, stripe: StripeSandbox, demand: Ask, ticket: str
) -> None:
    demand("wait", seconds=1)
    with standing_still() as moved:
        kept = held(give(client))
        moved.shift(timedelta(seconds=2))
        assert give(client, **{**kept, "ticket": ticket}).status_code == 429
        moved.shift(timedelta(seconds=LIFETIME))
        assert give(client, **kept).status_code == 429
    assert sessions(stripe) == 0


def test_a_refusal_beats_a_ticket_and_keeps_what_was_typed(
    client: FlaskClient, campaign: Campaign, stripe: StripeSandbox, demand: Ask
) -> None:
    demand("wait", seconds=0)
    kept = held(give(client, name="Ana Reyes"))
    demand("refuse", seconds=900)
    answer = give(client, **kept)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert 'value="Ana Reyes"' in answer.text
    assert "We cannot take this gift online right now" in answer.text
    assert "Make a check payable" in answer.text
    assert sessions(stripe) == 0


def test_patience_without_a_proof_has_few_places_and_a_proof_needs_none(
    client: FlaskClient,
    campaign: Campaign,
    stripe: StripeSandbox,
    demand: Ask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tickets, "WAITS", 2)
    demand("proof", seconds=20, difficulty=4)
    with standing_still() as moved:
        pages = [give(client, email=f"donor{n}@example.org") for n in range(6)]
        moved.shift(timedelta(seconds=20))
        answers = [give(client, **held(page)) for page in pages[:-1]]
        given = [answer.status_code for answer in answers].count(303)
        assert 1 <= given <= 2
        assert "Without JavaScript, the wait is too long" in answers[-1].text
        assert answers[-1].headers["Retry-After"] == "600"
        assert give(client, **{**held(pages[-1]), "proof": solution(pages[-1])}).status_code == 303
    assert sessions(stripe) == given + 1


def test_a_session_that_is_opened_is_remembered_for_the_policy(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    give(client, website="x")
    assert donations(installation) == []
    give(client)
    with installation.sessions() as session:
        (opening,) = session.scalars(select(SessionOpening))
    assert opening.session_id == stripe.objects("checkout.session")[0]["id"]
    assert (opening.amount, opening.honest) == (2500, False)


def test_a_failing_policy_stops_no_gift(
    client: FlaskClient,
    campaign: Campaign,
    stripe: StripeSandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> Demand:
        raise RuntimeError("the policy is broken")

    monkeypatch.setattr(card_testing_gate, "assess", fail)
    monkeypatch.setattr(card_testing_gate, "record_session", fail)
    assert give(client).status_code == 303
    assert sessions(stripe) == 1


def test_a_store_that_is_down_stops_no_gift(
    app: Flask,
    campaign: Campaign,
    stripe: StripeSandbox,
    demand: Ask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    demand("proof", seconds=60, difficulty=4)
    client = app.test_client()
    page = give(client)

    def down(*_: object) -> int:
        raise ConnectionError("no store")

    monkeypatch.setattr(type(limiter.storage), "incr", down)
    assert give(client, **{**held(page), "proof": solution(page)}).status_code == 303
    assert sessions(stripe) == 1


def test_an_outage_of_stripe_asks_nobody_to_wait_twice(
    client: FlaskClient, campaign: Campaign, stripe: StripeSandbox, demand: Ask
) -> None:
    demand("wait", seconds=0)
    kept = held(give(client))
    stripe.fault("POST /v1/checkout/sessions", "500", times=1)
    assert give(client, **kept).status_code == 503
    assert give(client, **kept).status_code == 303


def test_the_policy_hears_what_the_form_says_of_its_sender(
    client: FlaskClient,
    campaign: Campaign,
    stripe: StripeSandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[Attempt] = []

    def listen(_here: Installation, attempt: Attempt) -> Demand:
        heard.append(attempt)
        return Demand("none")

    monkeypatch.setattr(card_testing_gate, "assess", listen)
    with standing_still() as moved:
        rendered = re.search(r'name="rendered" value="([^"]+)"', client.get("/c/nine-days").text)
        assert rendered
        moved.shift(timedelta(seconds=40))
        review = give(client, step="review", lang="en", rendered=rendered[1], cover_fees="y")
        give(client, **held(review))
    give(client, website="http://spam.example")
    honest, trapped = heard
    assert (honest.form_seconds, honest.honeypot, honest.scripted) == (40, False, False)
    assert (honest.amount, honest.currency, honest.slug) == (2606, "usd", "nine-days")
    assert (trapped.form_seconds, trapped.honeypot, trapped.scripted) == (None, True, True)
