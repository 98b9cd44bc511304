"""Stripe's test cards, used on the hosted page with plain form posts."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from stripe import StripeClient

from sandbox.stripe import StripeSandbox


def test_a_successful_card_redirects_to_the_success_url(
    client: StripeClient, give: Callable[..., Any], submit: Callable[..., Any]
) -> None:
    session = give()
    answer = submit(session)
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"http://127.0.0.1:9/thanks?session={session.id}"
    paid = client.v1.checkout.sessions.retrieve(
        session.id, params={"expand": ["payment_intent.latest_charge.balance_transaction"]}
    )
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert paid.payment_intent.metadata["donation_id"] == "d1"
    transaction = paid.payment_intent.latest_charge.balance_transaction
    assert (transaction.amount, transaction.fee, transaction.net) == (2500, 103, 2397)


@pytest.mark.parametrize(
    ("number", "code", "decline_code"),
    [
        ("4000000000000002", "card_declined", "generic_decline"),
        ("4000000000009995", "card_declined", "insufficient_funds"),
        ("4000000000000069", "expired_card", "expired_card"),
        ("4000000000000127", "incorrect_cvc", "incorrect_cvc"),
        ("4000000000000119", "processing_error", "processing_error"),
        ("4100000000000019", "card_declined", "fraudulent"),
    ],
)
def test_a_declined_card_leaves_the_session_open(
    client: StripeClient,
    sandbox: StripeSandbox,
    give: Callable[..., Any],
    submit: Callable[..., Any],
    number: str,
    code: str | None,
    decline_code: str,
) -> None:
    session = give()
    answer = submit(session, number)
    assert answer.status_code == 402
    assert "did not go through" in answer.text
    intent = client.v1.payment_intents.retrieve(
        client.v1.checkout.sessions.retrieve(session.id).payment_intent
    )
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error.code == code
    assert intent.last_payment_error.decline_code == decline_code
    assert [event["type"] for event in sandbox.events("*failed")] == [
        "charge.failed",
        "payment_intent.payment_failed",
    ]
    assert submit(session).status_code == 303
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_blocked_card_has_a_fraud_outcome(
    sandbox: StripeSandbox, give: Callable[..., Any], submit: Callable[..., Any]
) -> None:
    submit(give(), "4100000000000019")
    (charge,) = sandbox.objects("charge")
    assert charge["outcome"]["type"] == "blocked"
    assert charge["outcome"]["risk_level"] == "highest"


@pytest.mark.parametrize("number", ["4000002500003155", "4000002760003184"])
def test_3d_secure_comes_before_the_charge(
    client: StripeClient,
    sandbox: StripeSandbox,
    give: Callable[..., Any],
    submit: Callable[..., Any],
    number: str,
) -> None:
    session = give()
    answer = submit(session, number)
    assert answer.headers["Location"].endswith("/challenge")
    page = f"{session.url}/challenge"
    assert 'id="challenge-complete"' in requests.get(page, timeout=60).text
    assert sandbox.objects("payment_intent")[0]["status"] == "requires_action"
    done = requests.post(page, {"answer": "complete"}, allow_redirects=False, timeout=60)
    assert done.status_code == 303
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_a_failed_challenge_charges_nothing_and_another_card_works(
    sandbox: StripeSandbox, give: Callable[..., Any], submit: Callable[..., Any]
) -> None:
    session = give()
    submit(session, "4000002500003155")
    answer = requests.post(f"{session.url}/challenge", {"answer": "fail"}, timeout=60)
    assert answer.status_code == 402
    assert sandbox.objects("charge") == []
    code = sandbox.objects("payment_intent")[0]["last_payment_error"]["code"]
    assert code == "payment_intent_authentication_failure"
    assert submit(session).status_code == 303


def test_a_card_that_is_not_a_test_card_is_declined(
    give: Callable[..., Any], submit: Callable[..., Any]
) -> None:
    answer = submit(give(), "4012888888881881")
    assert answer.status_code == 402
    assert "non test card" in answer.text


def test_a_bank_debit_settles_after_four_business_days(
    client: StripeClient, sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    session = give()
    sandbox.pay(session.id, bank="succeeds")
    promised = client.v1.checkout.sessions.retrieve(
        session.id, params={"expand": ["payment_intent"]}
    )
    assert (promised.status, promised.payment_status) == ("complete", "unpaid")
    assert promised.payment_intent.status == "processing"
    sandbox.advance(days=3)
    assert sandbox.events("checkout.session.async*") == []
    sandbox.advance(days=4)
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    assert [event["type"] for event in sandbox.events()][-3:] == [
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.async_payment_succeeded",
    ]


def test_a_bank_debit_may_fail(
    client: StripeClient,
    sandbox: StripeSandbox,
    give: Callable[..., Any],
    submit: Callable[..., Any],
) -> None:
    session = give()
    answer = submit(session, method="bank", bank_routing="110000000", bank_account="000111111116")
    assert answer.status_code == 303
    sandbox.advance(days=7)
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "unpaid"
    assert [event["type"] for event in sandbox.events()][-3:] == [
        "charge.failed",
        "payment_intent.payment_failed",
        "checkout.session.async_payment_failed",
    ]


def test_settling_by_hand_cancels_the_scheduled_settlement(
    sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    session = give()
    sandbox.pay(session.id, bank="succeeds")
    sandbox.settle(session.id, fail=True)
    sandbox.advance(days=10)
    assert len(sandbox.events("checkout.session.async_payment_failed")) == 1
    assert sandbox.events("checkout.session.async_payment_succeeded") == []


def test_a_charge_shows_the_address_that_was_checked_and_the_passed_challenge(
    client: StripeClient, sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    paid = sandbox.pay(
        give().id, "4000002760003184", billing={"line1": "1 Main St", "postal_code": "97103"}
    )
    intent = client.v1.payment_intents.retrieve(
        paid["payment_intent"], params={"expand": ["latest_charge"]}
    )
    charge = intent.latest_charge
    assert charge.billing_details.address.postal_code == "97103"
    card = charge.payment_method_details.card
    assert (card.checks.address_postal_code_check, card.checks.cvc_check) == ("pass", "pass")
    assert card.three_d_secure.result == "authenticated"


def test_without_a_challenge_or_an_address_there_is_no_result(
    client: StripeClient, sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    paid = sandbox.pay(give().id)
    intent = client.v1.payment_intents.retrieve(
        paid["payment_intent"], params={"expand": ["latest_charge"]}
    )
    card = intent.latest_charge.payment_method_details.card
    assert card.checks.address_postal_code_check is None
    assert card.three_d_secure is None
