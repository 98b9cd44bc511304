"""What Stripe's objects say about how a gift began and who gave it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from campaign.gateway.gift_origins import read_payer, read_session_origin
from campaign.gateway.payers import Payer

SESSION: dict[str, Any] = {
    "id": "cs_test_1",
    "object": "checkout.session",
    "created": 1_796_007_261,
    "mode": "payment",
    "payment_status": "paid",
    "customer_email": "typed@example.org",
    "customer_details": {"email": "other@example.org", "name": "Late Donor"},
    "locale": "es-419",
    "success_url": "https://give.example.org/donations/abc",
    "cancel_url": "https://give.example.org/c/nine-days?code=street#give",
    "metadata": {"donation_id": "don_1", "campaign": "nine-days"},
}


def test_a_session_says_who_gave_and_where_the_form_was() -> None:
    found = read_session_origin(SESSION)
    # The address typed into our form wins over one typed on Stripe's page.
    assert found.payer == Payer("typed@example.org", "Late Donor")
    assert (found.locale, found.return_url) == ("es-419", SESSION["success_url"])
    assert found.cancel_url == SESSION["cancel_url"]
    assert found.created == datetime.fromtimestamp(1_796_007_261, UTC)
    assert found.session.donation_id == "don_1"


def test_a_session_may_say_nothing() -> None:
    bare = {
        name: value
        for name, value in SESSION.items()
        if name in {"id", "created", "mode", "payment_status"}
    }
    for more in ({}, {"customer_details": None, "customer_email": None, "locale": None}):
        found = read_session_origin({**bare, **more})
        assert found.payer == Payer()
        assert (found.locale, found.return_url, found.cancel_url) == ("", "", "")


@pytest.mark.parametrize(
    ("charge", "customer", "payer"),
    [
        ({"email": "a@x.org", "name": "Ana"}, None, Payer("a@x.org", "Ana")),
        (
            {"email": None, "name": "Ana"},
            {"email": "c@x.org", "name": "C"},
            Payer("c@x.org", "Ana"),
        ),
        (None, {"id": "cus_1", "email": "c@x.org", "name": None}, Payer("c@x.org")),
        (None, "cus_1", Payer()),
        ({}, {"id": "cus_1", "deleted": True}, Payer()),
    ],
)
def test_the_payer_is_the_charges_else_the_customers(
    charge: dict[str, Any] | None, customer: Any, payer: Payer
) -> None:
    latest = {"billing_details": charge} if charge is not None else "ch_1"
    assert read_payer({"id": "pi_1", "latest_charge": latest, "customer": customer}) == payer
