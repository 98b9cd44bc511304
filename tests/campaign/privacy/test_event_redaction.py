"""Stored Stripe events: searched in batches for a person, and redacted but for payment data."""

import json
from typing import Any

import pytest
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.models import InboxEvent
from campaign.privacy import event_redaction
from campaign.privacy.event_redaction import EventBatch, find_events, redact_events


def keep(session: Session, key: str, found: Any) -> None:
    body = {"id": key, "type": "charge.succeeded", "data": {"object": found}}
    session.add(
        InboxEvent(
            id=key,
            type="charge.succeeded",
            body=json.dumps(body, ensure_ascii=False).encode(),
            occurred_at=now(),
        )
    )
    session.flush()


def body_of(session: Session, key: str) -> Any:
    session.expire_all()
    return json.loads(session.get_one(InboxEvent, key).body)


def test_events_are_searched_in_batches_to_the_last(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_redaction, "BATCH_SIZE", 2)
    for key in ("evt_1", "evt_2", "evt_3", "evt_4", "evt_5"):
        keep(session, key, {"email": "ana@example.org" if key != "evt_2" else "ben@example.org"})
    after: str | None = ""
    pieces = []
    while after is not None:
        piece = find_events(session, ["ana@example.org"], after)
        pieces.append(sorted(piece.ids))
        after = piece.next_after
    assert pieces == [["evt_1"], ["evt_3", "evt_4"], ["evt_5"], []]


def test_the_search_ignores_case_and_finds_nothing_without_words(
    session: Session,
) -> None:
    keep(session, "evt_1", {"customer_details": {"email": "ANA@Example.org"}})
    keep(session, "evt_2", {"metadata": {"donation_id": "don_1"}, "note": "50% _off_ señor"})
    assert find_events(session, ["ana@example.ORG"], "").ids == ["evt_1"]
    assert find_events(session, ["nobody@example.org", "don_1"], "").ids == ["evt_2"]
    assert find_events(session, ["SEÑOR"], "").ids == ["evt_2"]
    # What means any character elsewhere means itself here.
    assert find_events(session, ["50%off", "_____________________"], "").ids == []
    assert find_events(session, ["", ""], "") == EventBatch([], "evt_2")
    assert find_events(session, [], "evt_2") == EventBatch([], None)


def test_personal_data_is_redacted_and_payment_data_stays(session: Session) -> None:
    keep(
        session,
        "evt_1",
        {
            "id": "ch_1",
            "amount": 2500,
            "currency": "usd",
            "metadata": {"donation_id": "don_1"},
            "billing_details": {"name": "Ana", "address": {"line1": "1 Pier"}},
            "receipt_email": "ana@example.org",
            "refunds": {"data": [{"id": "re_1", "amount": 100, "description": "for Ana"}]},
            "paid": True,
        },
    )
    keep(session, "evt_2", {"email": "ben@example.org"})
    for _ in range(2):
        redact_events(session, ["evt_1"])
        assert body_of(session, "evt_1") == {
            "id": "evt_1",
            "type": "charge.succeeded",
            "data": {
                "object": {
                    "id": "ch_1",
                    "amount": 2500,
                    "currency": "usd",
                    "metadata": {"donation_id": "don_1"},
                    "billing_details": None,
                    "receipt_email": None,
                    "refunds": {"data": [{"id": "re_1", "amount": 100, "description": None}]},
                    "paid": True,
                }
            },
        }
    assert body_of(session, "evt_2")["data"]["object"]["email"] == "ben@example.org"


ADDRESS = {"line1": "1 Xanthippe Street", "city": "Astoria", "country": "US"}
OF_STRIPE: list[dict[str, Any]] = [
    # https://docs.stripe.com/api/checkout/sessions/object
    {
        "object": "checkout.session",
        "customer_email": "xanthippe@example.org",
        "customer_details": {"email": "xanthippe@example.org", "individual_name": "Xanthippe"},
        "custom_fields": [{"key": "town", "text": {"value": "Xanthippe"}}],
        "collected_information": {"individual_name": "Xanthippe"},
        "shipping_details": {"name": "Xanthippe", "carrier": "Xanthippe and Sons"},
        "metadata": {"note": "Xanthippe writes"},
    },
    # https://docs.stripe.com/api/charges/object
    {
        "object": "charge",
        "description": "A gift of Xanthippe",
        "billing_details": {"name": "Xanthippe", "tax_id": "Xanthippe-1"},
        "payment_method_details": {"paypal": {"payer_name": "Xanthippe"}},
        "receipt_email": "xanthippe@example.org",
        "receipt_url": "https://pay.stripe.com/receipts/xanthippe",
        "shipping": {"name": "Xanthippe", "carrier": "Xanthippe and Sons"},
    },
    # https://docs.stripe.com/api/invoices/object
    {
        "object": "invoice",
        "customer_address": ADDRESS,
        "customer_name": "Xanthippe",
        "customer_phone": "555 Xanthippe",
        "customer_shipping": {"name": "Xanthippe", "carrier": "Xanthippe and Sons"},
        "lines": {"data": [{"description": "Xanthippe, monthly"}]},
    },
    # https://docs.stripe.com/api/customers/object
    {
        "object": "customer",
        "address": ADDRESS,
        "email": "xanthippe@example.org",
        "name": "Xanthippe",
        "phone": "555 Xanthippe",
        "previous": {"name": "Xanthippe the Elder"},
    },
    # https://docs.stripe.com/api/payment_methods/object
    {
        "object": "payment_method",
        "paypal": {"payer_email": "xanthippe@example.org"},
        "cashapp": {"cashtag": "$xanthippe"},
        "link": {"email": "xanthippe@example.org"},
    },
    # https://docs.stripe.com/api/disputes/object
    {"object": "dispute", "evidence": {"customer_name": "Xanthippe", "service_date": "Xanthippe"}},
]


@pytest.mark.parametrize("found", OF_STRIPE, ids=[one["object"] for one in OF_STRIPE])
def test_each_field_in_which_stripe_names_a_person_is_redacted(
    session: Session, found: dict[str, Any]
) -> None:
    stays = {"id": "obj_1", "amount": 2500, "metadata": {"donation_id": "don_1"}}
    keep(
        session,
        "evt_1",
        stays | found | {"metadata": stays["metadata"] | found.get("metadata", {})},
    )
    redact_events(session, ["evt_1"])
    left = body_of(session, "evt_1")
    assert "xanthippe" not in json.dumps(left).lower()
    kept = left["data"]["object"]
    assert (kept["id"], kept["amount"], kept["object"]) == ("obj_1", 2500, found["object"])
    assert kept["metadata"]["donation_id"] == "don_1"


def test_without_ids_nothing_is_redacted(session: Session) -> None:
    keep(session, "evt_1", {"email": "ana@example.org"})
    redact_events(session, [])
    assert body_of(session, "evt_1")["data"]["object"]["email"] == "ana@example.org"
