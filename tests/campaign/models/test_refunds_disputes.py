"""Refunds, disputes and charges as the tables store them, in raw SQL."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from campaign.models import Charge, Dispute, FraudWarning, PaymentLookup, Refund
from campaign.runtime.context import Installation
from tests.support.raw_sql import insert, rejections

MOMENT = datetime(2026, 12, 22, 8, tzinfo=UTC)
MONEY: dict[str, Any] = {"amount": 2500, "currency": "usd"}


def test_no_more_is_refunded_of_a_charge_than_it_was(installation: Installation) -> None:
    insert(installation, Charge, stripe_id="ch_1", **MONEY)
    rules = {
        "refunded = amount": "",
        "refunded = amount + 1": "ck_charge_amount",
        "refunded = -1": "ck_charge_amount",
        "amount = -1, refunded = -1": "ck_charge_amount",
        "amount = 0": "",
    }
    assert rejections(installation, "charge", rules) == rules


def test_a_refund_is_known_by_stripe_s_name_or_by_our_request(installation: Installation) -> None:
    ours = {"request_token": "ask", "state": "requested", "created_at": MOMENT, **MONEY}
    insert(installation, Refund, **ours)
    rules = {
        "request_token = NULL": "ck_refund_origin",
        "state = 'refused'": "",
        "state = 'pending'": "ck_refund_known",
        "state = 'pending', stripe_id = 're_1'": "",
        "state = 'pending', stripe_id = 're_1', request_token = NULL": "",
        "state = 'lost', stripe_id = 're_1'": "ck_refund_state",
        "amount = 0": "ck_refund_amount",
        "amount = 1": "",
    }
    assert rejections(installation, "refund", rules) == rules
    with pytest.raises(IntegrityError, match="uq_refund_request_token"):
        insert(installation, Refund, **ours)


def test_what_a_dispute_moved_is_never_less_than_nothing(installation: Installation) -> None:
    shown = {"reason": "fraudulent", "status": "needs_response", "opened_at": MOMENT}
    insert(installation, Dispute, stripe_id="du_1", as_of=MOMENT, **shown, **MONEY)
    rules = {
        "withdrawn = -1": "ck_dispute_amount",
        "reinstated = -1": "ck_dispute_amount",
        "amount = -1": "ck_dispute_amount",
        "withdrawn = amount + 1500": "",
    }
    assert rejections(installation, "dispute", rules) == rules


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (Charge, MONEY),
        (Refund, {"state": "pending", "created_at": MOMENT, **MONEY}),
        (
            Dispute,
            {"reason": "general", "status": "lost", "opened_at": MOMENT, "as_of": MOMENT, **MONEY},
        ),
        (FraudWarning, {"fraud_type": "misc", "created_at": MOMENT}),
    ],
)
def test_an_object_of_stripe_s_is_one_row_that_may_come_before_its_payment(
    installation: Installation, model: type[Any], values: dict[str, Any]
) -> None:
    number = insert(installation, model, stripe_id="one", **values)
    with installation.sessions() as session:
        assert session.get_one(model, number).donation_id is None
    insert(installation, model, stripe_id="other", **values)
    with pytest.raises(IntegrityError, match=f"uq_{model.__tablename__}_stripe_id"):
        insert(installation, model, stripe_id="one", **values)


def test_whose_a_payment_is_was_asked_once(installation: Installation) -> None:
    insert(installation, PaymentLookup, payment_intent_id="pi_1", ours=False)
    with pytest.raises(IntegrityError, match="pk_payment_lookup"):
        insert(installation, PaymentLookup, payment_intent_id="pi_1", ours=True)
