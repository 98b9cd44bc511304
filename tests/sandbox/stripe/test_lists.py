"""Lists, filters, pagination and expansion."""

from collections.abc import Callable
from typing import Any

import pytest
from stripe import InvalidRequestError, StripeClient

from sandbox.stripe import StripeSandbox


@pytest.fixture
def sessions(give: Callable[..., Any]) -> list[str]:
    return [give(1000 + number).id for number in range(5)]


def test_lists_are_newest_first_and_paged(client: StripeClient, sessions: list[str]) -> None:
    first = client.v1.checkout.sessions.list(params={"limit": 2})
    assert [found.id for found in first.data] == sessions[:2:-1]
    assert first.has_more is True
    params = {"limit": 3, "starting_after": first.data[-1].id}
    rest = client.v1.checkout.sessions.list(params=params)
    assert [found.id for found in rest.data] == sessions[2::-1]
    assert rest.has_more is False
    params = {"limit": 1, "ending_before": rest.data[0].id}
    back = client.v1.checkout.sessions.list(params=params)
    assert ([found.id for found in back.data], back.has_more) == ([sessions[3]], True)


def test_the_sdk_paginates_automatically(client: StripeClient, sessions: list[str]) -> None:
    found = client.v1.checkout.sessions.list(params={"limit": 2}).auto_paging_iter()
    assert [session.id for session in found] == sessions[::-1]


def test_lists_are_filtered_by_time(
    client: StripeClient, sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    early = give().id
    sandbox.advance(hours=2)
    moment = sandbox.now()
    late = give().id
    since = client.v1.checkout.sessions.list(params={"created": {"gte": moment}})
    assert [found.id for found in since.data] == [late]
    until = client.v1.checkout.sessions.list(params={"created": {"lt": moment}})
    assert [found.id for found in until.data] == [early]


def test_sessions_are_filtered_by_status_and_payment(
    client: StripeClient, sandbox: StripeSandbox, sessions: list[str]
) -> None:
    sandbox.pay(sessions[0])
    found = client.v1.checkout.sessions.list(params={"status": "complete"}).data
    assert [session.id for session in found] == [sessions[0]]
    params = {"payment_intent": found[0].payment_intent}
    assert client.v1.checkout.sessions.list(params=params).data[0].id == sessions[0]


@pytest.mark.parametrize("limit", [0, 101])
def test_a_page_has_between_1_and_100_objects(direct: StripeClient, limit: int) -> None:
    with pytest.raises(InvalidRequestError):
        direct.v1.charges.list(params={"limit": limit})


def test_line_items_are_included_on_request(client: StripeClient, give: Callable[..., Any]) -> None:
    session = give(2500)
    assert "line_items" not in session.to_dict()
    listed = client.v1.checkout.sessions.line_items.list(session.id)
    assert listed.data[0].amount_total == 2500
    whole = client.v1.checkout.sessions.retrieve(session.id, params={"expand": ["line_items"]})
    assert whole.line_items.data[0].price.unit_amount == 2500


def test_lists_expand_each_member(
    client: StripeClient, sandbox: StripeSandbox, sessions: list[str]
) -> None:
    sandbox.pay(sessions[0])
    params = {"expand": ["data.balance_transaction", "data.payment_intent"]}
    (charge,) = client.v1.charges.list(params=params).data
    assert charge.balance_transaction.fee == 59
    assert charge.payment_intent.status == "succeeded"


def test_events_are_filtered_by_type(
    client: StripeClient, sandbox: StripeSandbox, sessions: list[str]
) -> None:
    sandbox.pay(sessions[0])
    some = client.v1.events.list(params={"types": ["charge.succeeded", "payment_intent.succeeded"]})
    assert len(some.data) == 2
    assert len(client.v1.events.list(params={"type": "payment_intent.*"}).data) == 2
    event = client.v1.events.retrieve(some.data[0].id)
    assert event.data.object["object"] == "payment_intent"


def test_events_are_listed_for_thirty_days(
    client: StripeClient, sandbox: StripeSandbox, sessions: list[str]
) -> None:
    sandbox.pay(sessions[0])
    sandbox.advance(days=29)
    assert client.v1.events.list(params={"type": "charge.succeeded"}).data
    sandbox.advance(days=2)
    assert not client.v1.events.list(params={"type": "charge.succeeded"}).data


def test_invoice_payments_link_the_intent_to_the_invoice(
    client: StripeClient, sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    session = give(1000, "month")
    sandbox.pay(session.id)
    intent = sandbox.objects("payment_intent")[0]["id"]
    payment = {"type": "payment_intent", "payment_intent": intent}
    (found,) = client.v1.invoice_payments.list(params={"payment": payment}).data
    assert found.invoice == client.v1.checkout.sessions.retrieve(session.id).invoice


def test_a_guest_has_no_customer_unless_requested(
    client: StripeClient, sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    guest, known = give(), give(customer_creation="always")
    for session in (guest, known):
        sandbox.pay(session.id)
    assert client.v1.checkout.sessions.retrieve(guest.id).customer is None
    name = client.v1.checkout.sessions.retrieve(known.id).customer
    assert client.v1.customers.retrieve(name).email == "dana@example.org"


def test_metadata_is_merged_and_keys_are_removed_by_empty_values(
    client: StripeClient, sandbox: StripeSandbox, give: Callable[..., Any]
) -> None:
    sandbox.pay(give().id)
    name = sandbox.objects("payment_intent")[0]["id"]
    params = {"metadata": {"a": "1", "donation_id": ""}}
    assert client.v1.payment_intents.update(name, params=params).metadata.to_dict() == {"a": "1"}
