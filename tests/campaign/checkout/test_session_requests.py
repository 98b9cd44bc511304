"""The parameters of a session, and when a call is made, repeated or replaced."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from campaign.checkout.session_requests import (
    RedirectUrls,
    needs_lookup,
    next_checkout_request,
    record_session,
    session_parameters,
)
from campaign.gateway import CheckoutSession, read_checkout_session
from campaign.models import Donation, StripeRequest
from campaign.runtime.context import Installation
from tests.support.ledger import add_donation_to, campaign_in
from tests.support.stripe import Facts

Give = Callable[..., Facts]
AT = datetime(2026, 12, 1, tzinfo=UTC)
KEY_LIFE = timedelta(hours=23)
URLS = RedirectUrls("http://localhost/thanks", "http://localhost/back")


def parameters(installation: Installation, facts: Facts) -> dict[str, Any]:
    with installation.sessions() as session:
        donation = session.get_one(Donation, facts.donation.id)
        organization = installation.settings.organization
        return session_parameters(donation, "Nine days", organization, URLS)


def plan(
    installation: Installation, facts: Facts, at: datetime = AT, looked_up: int = 0
) -> StripeRequest:
    with installation.sessions.begin() as session:
        donation = session.get_one(Donation, facts.donation.id)
        return next_checkout_request(
            session, donation, {"at": at.isoformat()}, at, looked_up=looked_up
        )


def opened(facts: Facts, **changes: Any) -> CheckoutSession:
    return read_checkout_session(
        facts.session(status="open", payment_status="unpaid", url="https://pay", **changes)
    )


def test_a_one_time_gift_is_a_payment_with_its_donation_in_the_metadata(
    installation: Installation, give: Give
) -> None:
    facts = give()
    asked = parameters(installation, facts)
    metadata = {"donation_id": facts.donation.public_id, "campaign": "nine-days"}
    assert (asked["mode"], asked["submit_type"]) == ("payment", "donate")
    assert asked["client_reference_id"] == facts.donation.public_id
    assert asked["metadata"] == asked["payment_intent_data"]["metadata"] == metadata
    assert (asked["success_url"], asked["cancel_url"]) == (URLS.success_url, URLS.cancel_url)
    (line,) = asked["line_items"]
    assert line["price_data"]["unit_amount"] == 2500
    assert "recurring" not in line["price_data"]
    assert "subscription_data" not in asked
    assert asked["payment_intent_data"]["description"] == "Donation to The Harbor Ledger: Nine days"
    # Whatever the account's default is, the donor pays in the campaign's currency.
    assert asked["adaptive_pricing"] == {"enabled": False}


@pytest.mark.parametrize(("frequency", "interval"), [("monthly", "month"), ("yearly", "year")])
def test_a_recurring_gift_has_its_parts_in_the_metadata_that_invoices_repeat(
    installation: Installation, give: Give, frequency: str, interval: str
) -> None:
    asked = parameters(installation, give(frequency=frequency, fee_cover=106))
    prices = [line["price_data"] for line in asked["line_items"]]
    assert [one["unit_amount"] for one in prices] == [2500, 106]
    assert [one["recurring"] for one in prices] == [{"interval": interval}] * 2
    parts = asked["subscription_data"]["metadata"]
    assert (parts["gift"], parts["cover"], asked["mode"]) == ("2500", "106", "subscription")
    assert asked["submit_type"] == "donate"
    assert asked["subscription_data"]["description"] == "Donation to The Harbor Ledger: Nine days"
    assert "payment_intent_data" not in asked
    assert "gift" not in asked["metadata"]


def test_yen_are_charged_in_yen_and_in_the_donors_language(installation: Installation) -> None:
    facts = add_donation_to(
        installation, campaign_in(installation, "jpy"), 2500, fee_cover=93, locale="es"
    )
    asked = parameters(installation, facts)
    prices = [line["price_data"] for line in asked["line_items"]]
    assert [(one["unit_amount"], one["currency"]) for one in prices] == [(2500, "jpy"), (93, "jpy")]
    assert prices[0]["product_data"]["name"] != "Donation to The Harbor Ledger"
    assert asked["locale"].startswith("es")


def test_a_call_is_planned_once_with_its_first_parameters(
    installation: Installation, give: Give
) -> None:
    facts = give()
    first = plan(installation, facts)
    again = plan(installation, facts, AT + timedelta(hours=1))
    assert (again.id, again.parameters) == (first.id, {"at": AT.isoformat()})
    assert first.idempotency_key == f"donation-{facts.donation.public_id}-1"


@pytest.mark.parametrize(
    ("before", "waste"), [(timedelta(microseconds=1), False), (timedelta(), True)]
)
def test_a_call_without_a_response_needs_a_lookup_after_its_key_expires(
    installation: Installation, give: Give, before: timedelta, waste: bool
) -> None:
    facts = give()
    call = plan(installation, facts)
    at = AT + KEY_LIFE - before
    assert needs_lookup(facts.donation, call, at) is waste
    # Only once it was looked up, and under its own number, does it get a successor.
    assert plan(installation, facts, at).id == call.id
    assert plan(installation, facts, at, looked_up=2).id == call.id
    assert plan(installation, facts, at, looked_up=1).ordinal == (2 if waste else 1)


def test_a_failed_call_needs_a_lookup_immediately_and_an_answered_one_never(
    installation: Installation, give: Give
) -> None:
    facts = give()
    call = plan(installation, facts)
    with installation.sessions.begin() as session:
        session.execute(update(StripeRequest).values(error="500"))
    failed = plan(installation, facts)
    assert needs_lookup(facts.donation, failed, AT)
    with installation.sessions.begin() as session:
        record_session(session, call, opened(facts), AT)
        kept = session.get_one(Donation, facts.donation.id)
        assert not needs_lookup(kept, failed, AT + timedelta(days=9))
    assert plan(installation, facts, AT + timedelta(days=9), looked_up=1).id == call.id


def test_a_donation_keeps_its_first_session(installation: Installation, give: Give) -> None:
    facts = give()
    call = plan(installation, facts)
    for name in ("cs_first", "cs_second"):
        with installation.sessions.begin() as session:
            record_session(session, call, opened(facts, id=name), AT)
    with installation.sessions() as session:
        donation = session.scalars(select(Donation)).one()
        kept = session.scalars(select(StripeRequest)).one()
    assert (donation.session_id, donation.session_url) == ("cs_first", "https://pay")
    assert donation.session_expires_at == donation.created_at.replace(microsecond=0) + timedelta(
        days=1
    )
    assert (kept.result_id, kept.answered_at) == ("cs_first", AT)
