"""Reading subscriptions: amounts, end, pause, cards, and invoice payments."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaign.gateway.subscriptions import (
    SubscriptionFact,
    SubscriptionItem,
    read_invoice_payment,
    read_payment_methods,
    read_subscription,
)
from tests.support.frozen import assert_cannot_be_changed

MOMENT = 1_797_926_400
AT = datetime.fromtimestamp(MOMENT, UTC)


def item(unit: int | None, quantity: int | None = 1, **more: Any) -> dict[str, Any]:
    price = {"unit_amount": unit, "product": {"id": "prod_1"}, "recurring": {"interval": "month"}}
    return {"id": "si_1", "price": price, "quantity": quantity, **more}


def read(*items: dict[str, Any], **more: Any) -> Any:
    return read_subscription({"id": "sub_1", "status": "active", "items": {"data": items}, **more})


def test_a_minimal_subscription_is_active_and_charges_nothing() -> None:
    found = read_subscription({"id": "sub_1", "status": "active"})
    assert (found.total, found.interval, found.items, found.currency) == (0, None, (), None)
    assert (found.paused, found.cancel_at_period_end, found.ended_at) == (False, False, None)
    assert (found.gift, found.fee_cover, found.donation_id) == (None, None, None)
    with pytest.raises(KeyError):
        read_subscription({"id": "sub_1"})


def test_its_total_is_price_times_quantity_of_all_items() -> None:
    found = read(item(2500), item(106), item(10, 3), item(7, None), item(None), item(5, 0))
    assert found.total == 2500 + 106 + 30 + 7
    assert (found.interval, found.items[0].product_id) == ("month", "prod_1")


def test_its_period_ends_with_the_first_of_its_items() -> None:
    found = read(
        item(1, current_period_end=MOMENT + 1), item(1, current_period_end=MOMENT), item(1)
    )
    assert found.current_period_end == AT
    assert read(item(1)).current_period_end is None


def test_a_pause_may_have_no_end() -> None:
    assert (read(pause_collection={"behavior": "void"}).paused, read().paused) == (True, False)
    found = read(pause_collection={"behavior": "void", "resumes_at": MOMENT})
    assert (found.paused, found.resumes_at) == (True, AT)
    assert read(pause_collection=None).resumes_at is None


def test_it_ended_at_its_end_else_at_its_cancellation() -> None:
    assert read(ended_at=MOMENT, canceled_at=MOMENT - 5).ended_at == AT
    assert read(ended_at=None, canceled_at=MOMENT).ended_at == AT
    found = read(cancellation_details={"reason": "payment_failed"}, cancel_at=MOMENT)
    assert (found.end_reason, found.cancel_at, found.ended_at) == ("payment_failed", AT, None)


def test_its_parts_and_first_donation_are_in_the_metadata() -> None:
    found = read(metadata={"donation_id": "don_1", "gift": "2500", "cover": "106"})
    assert (found.donation_id, found.gift, found.fee_cover) == ("don_1", 2500, 106)


def test_the_current_card_and_the_newly_chosen_one() -> None:
    chosen = {"invoice_settings": {"default_payment_method": {"id": "pm_2"}}}
    found = read_payment_methods({"default_payment_method": "pm_1", "customer": chosen})
    assert (found.current, found.selected) == ("pm_1", "pm_2")
    for customer in ("cus_1", None, {"invoice_settings": None}, {}):
        assert read_payment_methods({"customer": customer}).selected is None


def test_an_invoice_may_be_paid_without_a_payment_intent() -> None:
    intent = {"type": "payment_intent", "payment_intent": "pi_1"}
    found = read_invoice_payment({"invoice": {"id": "in_1"}, "payment": intent, "status": "paid"})
    assert (found.invoice_id, found.payment_intent_id, found.status) == ("in_1", "pi_1", "paid")
    other = read_invoice_payment(
        {"invoice": "in_1", "payment": {"type": "charge", "charge": "ch_1"}}
    )
    assert (other.payment_intent_id, other.status) == (None, "")


def test_a_subscription_has_all_that_its_handlers_need() -> None:
    found = read(
        item(2500, 2, current_period_end=MOMENT),
        status="past_due",
        customer={"id": "cus_1"},
        currency="eur",
        cancel_at_period_end=True,
        cancel_at=MOMENT + 1,
        pause_collection={"behavior": "void", "resumes_at": MOMENT + 2},
        ended_at=MOMENT + 3,
        canceled_at=MOMENT + 4,
        cancellation_details={"reason": "payment_disputed"},
        metadata={"donation_id": "don_1", "gift": "4900", "cover": "100"},
    )
    assert found == SubscriptionFact(
        id="sub_1",
        status="past_due",
        customer_id="cus_1",
        items=(SubscriptionItem(id="si_1", product_id="prod_1", total=5000, interval="month"),),
        currency="eur",
        current_period_end=AT,
        cancel_at_period_end=True,
        cancel_at=AT + timedelta(seconds=1),
        paused=True,
        resumes_at=AT + timedelta(seconds=2),
        ended_at=AT + timedelta(seconds=3),
        end_reason="payment_disputed",
        donation_id="don_1",
        gift=4900,
        fee_cover=100,
    )


def test_a_subscription_is_charged_as_often_as_its_first_item() -> None:
    yearly = item(100) | {"price": {"unit_amount": 100, "recurring": {"interval": "year"}}}
    assert read(yearly, item(2500)).interval == "year"
    assert read(item(100) | {"price": None}).items[0] == SubscriptionItem("si_1", None, 0, None)


def test_what_was_read_cannot_be_changed() -> None:
    found = read(item(1))
    invoice = read_invoice_payment({"invoice": "in_1"})
    assert_cannot_be_changed(found, found.items[0], invoice, read_payment_methods({}))
