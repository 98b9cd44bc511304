"""From the form to Stripe's page: one gift, one donation, one session."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from campaign import create_app
from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.core import clock
from campaign.models import Campaign, Donor, StripeRequest
from campaign.runtime.context import Installation, make_installation
from sandbox.stripe import StripeSandbox
from sandbox.stripe.control import faults
from tests.conftest import UNREACHABLE, sandbox_address
from tests.support.donate_form import FORM, donations, give
from tests.support.waiting import wait_until


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def test_a_gift_is_one_donation_and_redirects_to_stripe(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    answer = give(client, name="Ana Reyes", code="article-7", comment="Thank you", anonymous="y")
    (donation,) = donations(installation)
    (session,) = stripe.objects("checkout.session")
    assert answer.status_code == 303
    assert answer.headers["Location"] == session["url"] == donation.session_url
    assert (donation.state, donation.amount, donation.fee_cover) == ("pending", 2500, 0)
    assert (donation.code, donation.comment, donation.anonymous) == ("article-7", "Thank you", True)
    assert session["client_reference_id"] == donation.public_id
    assert session["metadata"] == {"donation_id": donation.public_id, "campaign": "nine-days"}
    assert session["amount_total"] == 2500
    assert donation.token in session["success_url"]
    assert "ana" not in session["cancel_url"]


@pytest.mark.parametrize("frequency", ["monthly", "yearly"])
def test_a_recurring_gift_opens_a_subscription(
    client: FlaskClient, campaign: Campaign, stripe: StripeSandbox, frequency: str
) -> None:
    assert give(client, frequency=frequency).status_code == 303
    (session,) = stripe.objects("checkout.session")
    assert (session["mode"], session["amount_total"]) == ("subscription", 2500)


def test_covered_fees_are_a_separate_line(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    give(client, cover_fees="y")
    (donation,) = donations(installation)
    assert (donation.amount, donation.fee_cover) == (2500, 106)
    assert stripe.objects("checkout.session")[0]["amount_total"] == 2606


def test_the_same_form_twice_is_one_donation_and_one_session(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    first, second = give(client), give(client)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(donations(installation)) == len(stripe.objects("checkout.session")) == 1


def test_the_same_form_twelve_times_concurrently_is_one_donation_and_one_session(
    app: Flask, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    stripe.fault("POST /v1/checkout/sessions", "slow", times=1, seconds=1)
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda _: give(app.test_client()), range(12)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert len(donations(installation)) == len(stripe.objects("checkout.session")) == 1


def test_another_person_amount_or_frequency_is_another_gift_on_the_shared_page(
    client: FlaskClient, installation: Installation, campaign: Campaign
) -> None:
    give(client)
    give(client, email="ben@example.org")
    give(client, amount="30")
    give(client, frequency="monthly")
    assert len(donations(installation)) == 4
    with installation.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Donor)) == 2


def test_after_a_paid_gift_the_same_form_is_a_new_gift(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    give(client)
    (donation,) = donations(installation)
    stripe.pay(donation.session_id)
    assert client.get(f"/donations/{donation.token}").status_code == 200
    give(client)
    first, second = donations(installation)
    assert (first.state, second.state) == ("paid", "pending")
    assert first.session_id != second.session_id


def test_a_form_sent_again_later_finds_its_session_paid(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    give(client)
    (donation,) = donations(installation)
    stripe.pay(donation.session_id)
    with installation.sessions.begin() as session:
        session.scalars(select(StripeRequest)).one().created_at = clock.now() - timedelta(minutes=5)
    give(client)
    assert [found.state for found in donations(installation)] == ["paid", "pending"]


def test_a_form_sent_again_a_day_later_gets_an_open_session(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    give(client)
    stripe.advance(hours=25)
    with installation.sessions.begin() as session:
        session.scalars(select(StripeRequest)).one().created_at = clock.now() - timedelta(hours=25)
    answer = give(client)
    first, second = donations(installation)
    assert (first.state, second.state) == ("expired", "pending")
    assert answer.headers["Location"] == second.session_url != first.session_url


def test_a_processing_debit_redirects_to_its_own_page(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    give(client)
    (donation,) = donations(installation)
    stripe.pay(donation.session_id, bank="succeeds")
    client.get(f"/donations/{donation.token}")
    assert donations(installation)[0].state == "processing"
    assert give(client).headers["Location"].endswith(f"/donations/{donation.token}")
    assert len(donations(installation)) == 1


@pytest.mark.parametrize("mode", ["drop_before", "drop_after", "429", "500"])
def test_an_interrupted_call_is_repeated_with_its_key_and_opens_one_session(
    client: FlaskClient,
    installation: Installation,
    campaign: Campaign,
    stripe: StripeSandbox,
    mode: str,
) -> None:
    stripe.fault("POST /v1/checkout/sessions", mode, times=1)
    answer = give(client)
    if answer.status_code == 503:
        answer = give(client)
    assert answer.status_code == 303
    (donation,) = donations(installation)
    assert donation.session_url == answer.headers["Location"]
    opened = [s for s in stripe.objects("checkout.session") if s["id"] == donation.session_id]
    assert len(opened) == 1


def test_an_unreachable_stripe_keeps_what_was_typed_and_a_later_attempt_succeeds(
    client: FlaskClient, installation: Installation, campaign: Campaign
) -> None:
    away = replace(installation.settings, stripe_api_base=UNREACHABLE)
    other = create_app(make_installation(away))
    answer = give(other.test_client(), name="Ana Reyes", comment="Thank you")
    other.extensions["live"].close()
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert 'value="Ana Reyes"' in answer.text
    assert "Thank you" in answer.text
    assert "1 Wharf Street" in answer.text
    assert give(client).status_code == 303
    assert len(donations(installation)) == 1


def test_a_used_key_is_replaced(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    stripe.fault("POST /v1/checkout/sessions", "500", times=1)
    assert give(client).status_code == 503
    assert give(client).status_code == 303
    with installation.sessions() as session:
        keys = list(
            session.scalars(select(StripeRequest.idempotency_key).order_by(StripeRequest.id))
        )
    assert [key.rpartition("-")[2] for key in keys] == ["1", "2"]
    assert len(donations(installation)) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "http://localhost"}, 303),
        ({}, 303),
    ],
)
def test_another_sites_form_is_refused(
    client: FlaskClient, campaign: Campaign, headers: dict[str, str], status: int
) -> None:
    assert give(client, headers=headers).status_code == status


def test_a_closed_campaign_accepts_no_gift(
    client: FlaskClient, installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions.begin() as session:
        ended = session.get_one(Campaign, campaign.id)
        ended.starts_at = clock.now() - timedelta(days=9)
        ended.deadline = clock.now() - timedelta(seconds=1)
    assert give(client).status_code == 409
    assert donations(installation) == []


def test_an_unknown_campaign_is_a_404(client: FlaskClient) -> None:
    assert give(client).status_code == 404


def test_one_person_is_rate_limited_and_keeps_what_was_typed(
    client: FlaskClient, campaign: Campaign
) -> None:
    answers = [give(client, attempt=str(number), amount="x") for number in range(21)]
    assert [answer.status_code for answer in answers[-2:]] == [422, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert 'value="ana@example.org"' in answers[-1].text


def test_two_hundred_people_behind_one_address_are_not(
    client: FlaskClient, campaign: Campaign
) -> None:
    answers = [give(client, email=f"reader{n}@example.org", amount="x") for n in range(200)]
    assert {answer.status_code for answer in answers} == {422}


def test_the_attempt_of_two_renderings_differs(client: FlaskClient, campaign: Campaign) -> None:
    pages = [client.get(f"/c/nine-days?code={n}").text for n in range(2)]
    found = [re.search(r'name="attempt"[^>]*value="([^"]+)"', page) for page in pages]
    assert found[0]
    assert found[1]
    assert found[0][1] != found[1][1]


def test_a_slow_answer_does_not_hold_the_database(
    app: Flask, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    stripe.fault("POST /v1/checkout/sessions", "slow", times=1, seconds=1.5)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(give, app.test_client())
        wait_until(lambda: not faults.waiting(stripe.account))
        assert installation.engine.pool.checkedout() == 0  # type: ignore[attr-defined] # a QueuePool
        assert waiting.result().status_code == 303


def test_a_currency_without_decimals_is_charged_as_typed(
    client: FlaskClient, installation: Installation, stripe: StripeSandbox
) -> None:
    with installation.sessions.begin() as session:
        create_campaign(
            session,
            NewCampaign(
                slug="yen",
                title="Yen",
                goal="5000000",
                deadline="2099-12-31",
                timezone="Asia/Tokyo",
                currency="jpy",
            ),
        )
    form = {**FORM, "amount": "2,500", "cover_fees": "y"}
    assert client.post("/c/yen/donate", data=form).status_code == 303
    (opened,) = stripe.objects("checkout.session")
    (donation,) = donations(installation)
    assert (opened["currency"], donation.amount) == ("jpy", 2500)
    assert opened["amount_total"] == 2500 + donation.fee_cover
    assert client.post("/c/yen/donate", data={**form, "amount": "2500.50"}).status_code == 422
