"""Before Stripe's page: deep links into the form, and the review page."""

import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from campaign.core import clock
from campaign.models import Campaign, Donation, TributeCard, WallEntry
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address

TYPED = {
    "amount": "other",
    "amount_other": "$1,000",
    "frequency": "monthly",
    "email": "Ana@example.org",
    "name": "Ana <Reyes>",
    "cover_fees": "yes",
    "tribute_kind": "memory",
    "tribute_name": "Rosa Reyes",
    "card": "post",
    "card_name": "Ben Ortiz",
    "card_address": "12 Pier Road\nAstoria, OR 97103",
    "card_message": "She read it aloud.",
    "comment": "Two\nlines",
    "wall": "yes",
    "wall_place": "Astoria",
    "subscribe": "yes",
    "code": "article-7",
    "attempt": "a-1",
}
SIMPLE = {"amount": "25", "frequency": "one_time", "email": "ana@example.org", "attempt": "a"}


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def walled(installation: Installation, campaign: Campaign) -> Campaign:
    """The campaign has a donor wall."""
    with installation.sessions.begin() as session:
        session.execute(update(Campaign).values(wall_shown=True))
    return campaign


def post(client: FlaskClient, typed: dict[str, str], **changes: str) -> TestResponse:
    return client.post("/c/nine-days/donate", data={**typed, **changes})


def held(page: str) -> dict[str, str]:
    """What the review page's form sends."""
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in fields}


def rows(installation: Installation, table: type[Any]) -> list[Any]:
    with installation.sessions() as session:
        key = table.__table__.primary_key.columns.values()[0]
        return list(session.scalars(select(table).order_by(key)))


def test_the_review_shows_everything_and_its_button_gives(
    client: FlaskClient, installation: Installation, walled: Campaign, stripe: StripeSandbox
) -> None:
    review = post(client, TYPED, step="review")
    assert (review.status_code, review.headers["Cache-Control"]) == (200, "no-store")
    assert rows(installation, Donation) == []
    for shown in (
        "$1,000",
        "$30.18",
        "Every month",
        "Ana &lt;Reyes&gt;",
        "Rosa Reyes",
        "Pier Road",
    ):
        assert shown in review.text
    assert "Give $1,030.18 monthly" in review.text
    addresses = re.findall(r'(?:href|action)="([^"]*)', review.text)
    assert not any("ana" in address.lower() for address in addresses)
    answers = [post(client, held(review.text)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    (donation,) = rows(installation, Donation)
    assert len(stripe.objects("checkout.session")) == 1
    assert (donation.amount, donation.fee_cover, donation.frequency) == (100_000, 3_018, "monthly")
    assert (donation.comment, donation.code) == ("Two\nlines", "article-7")
    (card,) = rows(installation, TributeCard)
    assert (card.name, card.sender, card.email) == ("Ben Ortiz", "Ana <Reyes>", "")
    (entry,) = rows(installation, WallEntry)
    assert (entry.first_name, entry.place) == ("Ana", "Astoria")


def test_the_change_button_returns_to_the_form_with_its_values(
    client: FlaskClient, installation: Installation, walled: Campaign
) -> None:
    review = post(client, TYPED, step="review")
    form = post(client, held(review.text), step="change")
    assert form.status_code == 200
    for value in ("$1,000", "Ana &lt;Reyes&gt;", "Rosa Reyes", "Ben Ortiz", "Astoria", "a-1"):
        assert f'value="{value}"' in form.text
    assert form.text.count(" checked") == 6
    assert "Two\nlines</textarea>" in form.text
    assert "reviewed" not in form.text
    assert rows(installation, Donation) == []


def test_a_gift_changed_after_its_review_is_another_gift(
    client: FlaskClient, installation: Installation, campaign: Campaign
) -> None:
    for change in ({}, {"cover_fees": "yes"}, {"cover_fees": "yes"}):
        review = post(client, {**SIMPLE, **change}, step="review")
        assert post(client, held(review.text)).status_code == 303
    assert [found.fee_cover for found in rows(installation, Donation)] == [0, 106]


FAULTS: list[tuple[dict[str, str], list[str]]] = [
    ({"amount_other": "x", "email": "ana"}, ["amount", "email"]),
    ({"card": "fax"}, ["card"]),
    ({"card": ""}, ["card"]),
    ({"card": "email"}, ["card_email"]),
    ({"card": "email", "card_email": "ben"}, ["card_email"]),
    ({"card_name": ""}, ["card_name"]),
    ({"card_address": "12 Pier Road"}, ["card_address"]),
    ({"card_address": "a\n" * 7}, ["card_address"]),
    ({"card_message": "Look at https://spam.example"}, ["card_message"]),
    ({"card_message": "x" * 501}, ["card_message"]),
    ({"tribute_kind": "", "tribute_name": ""}, ["tribute_kind"]),
    ({"name": ""}, ["card_from", "wall"]),
    ({"anonymous": "yes"}, ["wall"]),
    ({"wall_place": "x" * 61}, ["wall_place"]),
]


def test_errors_are_shown_before_the_review_and_instead_of_the_gift(
    client: FlaskClient, installation: Installation, walled: Campaign
) -> None:
    for number, (changes, fields) in enumerate(FAULTS):
        for step in ("review", ""):
            typed = {**TYPED, "email": f"reader{number}@example.org", **changes, "step": step}
            answer = post(client, typed)
            assert answer.status_code == 422
            assert re.findall(r'<li><a href="#(\w+)">', answer.text) == fields, changes
            assert all(f'id="{name}-error"' in answer.text for name in fields)
            assert 'value="article-7"' in answer.text
            assert '<details class="card" open>' in answer.text
    assert rows(installation, Donation) == []


def test_a_review_is_refused_when_a_gift_would_be(
    client: FlaskClient, installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions.begin() as session:
        session.execute(update(Campaign).values(pause_reason="Card testing", paused_at=clock.now()))
    assert post(client, SIMPLE, step="review").status_code == 409


@pytest.mark.parametrize(
    ("query", "checked", "typed"),
    [
        ("amount=25&frequency=monthly", ["25", "monthly"], ""),
        ("amount=$25.00&frequency=weekly", ["25", "one_time"], ""),
        ("amount=40.50", ["other", "one_time"], "40.50"),
        ("amount=1e9", ["one_time"], ""),
        ("amount=0.10", ["one_time"], ""),
        ("amount=25,00&email=ana@example.org&name=Ana&comment=x&cover_fees=yes", ["one_time"], ""),
    ],
)
def test_a_link_fills_in_allowed_fields_and_no_personal_data(
    client: FlaskClient, campaign: Campaign, query: str, checked: list[str], typed: str
) -> None:
    page = client.get(f"/c/nine-days?{query}").text
    found = re.findall(r'<input type="radio" name="(?:amount|frequency)"[^>]*value="(\w+)" checked', page)  # fmt: skip
    assert found == checked
    assert re.findall(r'id="amount_other"[^>]*value="([^"]*)"', page) == [typed]
    assert 'role="alert"' not in page
    assert re.findall(r'<input id="(?:email|name)"[^>]* value="([^"]*)"', page) == ["", ""]
    assert re.findall(r'type="checkbox"[^>]*checked', page) == []


def test_the_donation_has_the_forms_language(
    client: FlaskClient, installation: Installation, campaign: Campaign
) -> None:
    assert 'name="lang" value="es"' in client.get("/c/nine-days?lang=es").text
    review = post(client, SIMPLE, step="review", lang="es")
    assert '<html lang="es"' in review.text
    assert post(client, held(review.text)).status_code == 303
    (donation,) = rows(installation, Donation)
    assert donation.locale == "es"
    assert '<html lang="es"' in client.get(f"/donations/{donation.token}").text
