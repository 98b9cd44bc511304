"""Reading Stripe's JSON: present, missing and invalid fields."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaign.core.errors import WebhookRefused
from campaign.gateway.events import (
    CheckoutSession,
    Invoice,
    PaymentIntent,
    read_checkout_session,
    read_event,
    read_gift_parts,
    read_id,
    read_instant,
    read_invoice,
    read_payment_intent,
)
from tests.support.frozen import assert_cannot_be_changed

MOMENT = 1_797_926_400
AT = datetime.fromtimestamp(MOMENT, UTC)
EVENT: dict[str, Any] = {
    "id": "evt_1",
    "type": "payment_intent.succeeded",
    "livemode": False,
    "created": MOMENT,
    "data": {"object": {"id": "pi_1"}},
}
SESSION = {"id": "cs_1", "created": MOMENT, "mode": "payment", "payment_status": "unpaid"}


def test_an_event_is_read_with_its_object() -> None:
    found = read_event(json.dumps(EVENT).encode())
    assert (found.id, found.type, found.livemode) == ("evt_1", "payment_intent.succeeded", False)
    assert (found.created, found.object) == (AT, {"id": "pi_1"})


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"{", b"[" * 100_000], ids=["empty", "bytes", "cut off", "too deep"]
)
def test_invalid_json_is_rejected(body: bytes) -> None:
    with pytest.raises(WebhookRefused, match="not JSON in UTF-8"):
        read_event(body)


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"id": 5},
        {"id": "e" * 256},
        {"type": "a\nb"},
        {"livemode": "false"},
        {"livemode": 0},
        {"created": True},
        {"created": 1.5},
        {"created": 10**18},
        {"created": None},
        {"data": {}},
        {"data": {"object": []}},
        {"data": None},
    ],
)
def test_a_body_that_is_no_event_is_rejected(change: dict[str, Any]) -> None:
    for shown in (EVENT | change, [EVENT | change]):
        with pytest.raises(WebhookRefused, match="not a Stripe event"):
            read_event(json.dumps(shown).encode())


def test_an_id_may_have_255_characters() -> None:
    assert len(read_event(json.dumps(EVENT | {"id": "e" * 255}).encode()).id) == 255


def test_a_time_is_whole_seconds_in_utc() -> None:
    assert read_instant(MOMENT) == datetime(2026, 12, 22, 8, tzinfo=UTC)
    assert read_instant(0).utcoffset() is not None
    for value in (True, "1", 1.0, None):
        with pytest.raises(TypeError):
            read_instant(value)


def test_an_id_is_read_whether_it_is_expanded_or_not() -> None:
    assert [read_id(value) for value in ("pi_1", {"id": "pi_1"}, None, "")] == [
        "pi_1", "pi_1", None, None,
    ]  # fmt: skip


def test_a_session_without_optional_fields() -> None:
    found = read_checkout_session(SESSION)
    assert (found.status, found.url, found.expires_at, found.amount_total) == ("", None, None, None)
    assert (found.donation_id, found.payment_intent_id, found.charged_at) == (None, None, None)
    with pytest.raises(KeyError):
        read_checkout_session({name: SESSION[name] for name in ("id", "created", "mode")})


def test_a_session_names_its_donation_by_metadata_before_the_reference() -> None:
    both = {"metadata": {"donation_id": "don_1"}, "client_reference_id": "don_2"}
    assert read_checkout_session(SESSION | both).donation_id == "don_1"
    assert read_checkout_session(SESSION | both | {"metadata": {}}).donation_id == "don_2"


@pytest.mark.parametrize(
    ("more", "charged"),
    [
        ({"payment_intent": {"id": "pi_1", "latest_charge": {"created": MOMENT}}}, True),
        ({"payment_intent": {"id": "pi_1", "latest_charge": "ch_1"}}, False),
        ({"payment_intent": "pi_1"}, False),
        ({"invoice": {"id": "in_1", "status_transitions": {"paid_at": MOMENT}}}, True),
        ({"invoice": {"id": "in_1", "status_transitions": {"paid_at": None}}}, False),
        ({"invoice": "in_1"}, False),
    ],
)
def test_a_sessions_charge_time_needs_its_charge(more: dict[str, Any], charged: bool) -> None:
    assert read_checkout_session(SESSION | more).charged_at == (AT if charged else None)


def test_a_banks_decline_code_comes_before_stripes_error_code() -> None:
    intent = {"id": "pi_1", "created": MOMENT, "status": "canceled", "currency": "usd"}
    error = {"code": "card_declined", "decline_code": "insufficient_funds"}
    assert (
        read_payment_intent(intent | {"last_payment_error": error}).failure == "insufficient_funds"
    )
    error.pop("decline_code")
    assert read_payment_intent(intent | {"last_payment_error": error}).failure == "card_declined"
    plain = read_payment_intent(intent)
    assert (plain.failure, plain.amount_received, plain.donation_id) == (None, 0, None)


def test_an_invoice_has_its_subscription_its_parts_and_whether_it_is_the_first() -> None:
    details = {
        "subscription": "sub_1",
        "metadata": {"donation_id": "d", "gift": "2500", "cover": "0"},
    }
    invoice = {
        "id": "in_1",
        "amount_paid": 2500,
        "currency": "usd",
        "billing_reason": "subscription_create",
        "parent": {"subscription_details": details},
        "status_transitions": {"paid_at": MOMENT},
        "next_payment_attempt": MOMENT,
    }
    found = read_invoice(invoice)
    assert (found.first, found.subscription_id, found.donation_id) == (True, "sub_1", "d")
    assert (found.gift, found.fee_cover, found.paid_at) == (2500, 0, AT)
    assert (found.next_attempt_at, found.period_end) == (AT, None)
    bare = read_invoice({"id": "in_2", "amount_paid": 0, "currency": "usd", "parent": None})
    assert bare == Invoice(
        id="in_2",
        first=False,
        amount_paid=0,
        currency="usd",
        subscription_id=None,
        donation_id=None,
        paid_at=None,
    )


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"gift": "2500"},
        {"gift": "2500", "cover": "-1"},
        {"gift": "²", "cover": "1"},
        {"gift": "", "cover": "1"},
    ],
)
def test_parts_are_both_known_or_neither(metadata: dict[str, str]) -> None:
    assert read_gift_parts(metadata) == (None, None)
    assert read_gift_parts({"gift": 2500, "cover": "0"}) == (2500, 0)


def test_a_session_has_all_that_its_handlers_need() -> None:
    found = read_checkout_session(
        {
            "id": "cs_1",
            "created": MOMENT,
            "mode": "subscription",
            "status": "complete",
            "payment_status": "paid",
            "url": "https://checkout.example/c",
            "expires_at": MOMENT + 86_400,
            "amount_total": 2606,
            "currency": "eur",
            "client_reference_id": "don_1",
            "metadata": None,
            "payment_intent": "pi_1",
            "subscription": {"id": "sub_1"},
            "invoice": "in_1",
        }
    )
    assert found == CheckoutSession(
        id="cs_1",
        created=AT,
        mode="subscription",
        status="complete",
        payment_status="paid",
        url="https://checkout.example/c",
        expires_at=AT + timedelta(days=1),
        amount_total=2606,
        currency="eur",
        donation_id="don_1",
        payment_intent_id="pi_1",
        subscription_id="sub_1",
        invoice_id="in_1",
        charged_at=None,
    )


def test_a_payment_intent_has_what_arrived_and_whose_it_is() -> None:
    found = read_payment_intent(
        {
            "id": "pi_1",
            "created": MOMENT,
            "status": "succeeded",
            "amount": 9999,
            "amount_received": 2606,
            "currency": "eur",
            "metadata": {"donation_id": "don_1"},
            "last_payment_error": None,
        }
    )
    assert found == PaymentIntent(
        id="pi_1",
        created=AT,
        status="succeeded",
        amount_received=2606,
        currency="eur",
        donation_id="don_1",
        failure=None,
    )


def test_an_unpaid_invoice_has_its_attempts_and_the_page_to_pay_it() -> None:
    details = {"subscription": {"id": "sub_1"}, "metadata": {"gift": "2500", "cover": "106"}}
    found = read_invoice(
        {
            "id": "in_1",
            "billing_reason": "subscription_cycle",
            "amount_paid": 0,
            "amount_due": 2606,
            "currency": "eur",
            "status": "open",
            "customer": {"id": "cus_1"},
            "attempt_count": 3,
            "next_payment_attempt": MOMENT + 1,
            "hosted_invoice_url": "https://invoice.example/i",
            "period_end": MOMENT + 2,
            "status_transitions": {"paid_at": None, "finalized_at": MOMENT},
            "parent": {"subscription_details": details},
        }
    )
    assert found == Invoice(
        id="in_1",
        first=False,
        amount_paid=0,
        currency="eur",
        subscription_id="sub_1",
        donation_id=None,
        paid_at=None,
        status="open",
        customer_id="cus_1",
        attempts=3,
        next_attempt_at=AT + timedelta(seconds=1),
        pay_url="https://invoice.example/i",
        period_end=AT + timedelta(seconds=2),
        gift=2500,
        fee_cover=106,
    )


@pytest.mark.parametrize(
    ("reason", "first"),
    [
        ("subscription_create", True),
        ("subscription_cycle", False),
        ("subscription_update", False),
        ("manual", False),
        (None, False),
    ],
)
def test_only_the_invoice_that_created_a_subscription_is_its_first(
    reason: str | None, first: bool
) -> None:
    invoice = {"id": "in_1", "amount_paid": 1, "currency": "usd", "billing_reason": reason}
    assert read_invoice(invoice).first is first


def test_the_charge_of_a_session_comes_before_its_invoice() -> None:
    found = read_checkout_session(
        SESSION
        | {
            "payment_intent": {"id": "pi_1", "latest_charge": {"created": MOMENT}},
            "invoice": {"id": "in_1", "status_transitions": {"paid_at": MOMENT + 9}},
        }
    )
    assert (found.charged_at, found.payment_intent_id, found.invoice_id) == (AT, "pi_1", "in_1")


def test_a_type_may_have_255_printable_characters_and_no_more() -> None:
    assert read_event(json.dumps(EVENT | {"type": "t" * 255}).encode()).type == "t" * 255
    for kind in ("t" * 256, "", "a\x7f"):
        with pytest.raises(WebhookRefused):
            read_event(json.dumps(EVENT | {"type": kind}).encode())


@pytest.mark.parametrize("name", ["id", "type", "livemode", "created", "data"])
def test_an_event_needs_each_of_its_fields(name: str) -> None:
    body = json.dumps({key: value for key, value in EVENT.items() if key != name}).encode()
    with pytest.raises(WebhookRefused, match="not a Stripe event"):
        read_event(body)


def test_what_was_read_cannot_be_changed() -> None:
    intent = {"id": "pi_1", "created": MOMENT, "status": "canceled", "currency": "usd"}
    assert_cannot_be_changed(
        read_event(json.dumps(EVENT).encode()),
        read_checkout_session(SESSION),
        read_payment_intent(intent),
        read_invoice({"id": "in_1", "amount_paid": 0, "currency": "usd"}),
    )
