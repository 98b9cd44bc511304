"""The page of a monthly gift, against the sandbox: its status and changes."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import requests
from flask.testing import FlaskClient
from sqlalchemy import select
from stripe import StripeClient

from campaign.core import clock
from campaign.emails.delivery import deliver_due
from campaign.models import (
    Donation,
    LedgerEntry,
    OutboxMessage,
    StripeRequest,
    Subscription,
)
from campaign.runtime.context import Installation
from sandbox.outbox.receiver import MailReceiver
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.monthly_gifts import GOOD, RENEWALS_FAIL, Begin, at, read, text_of


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def gifts(installation: Installation) -> list[tuple[int, int]]:
    with installation.sessions() as session:
        entries = select(LedgerEntry.amount, LedgerEntry.fee_cover).where(
            LedgerEntry.kind == "payment"
        )
        return [
            (amount, cover) for amount, cover in session.execute(entries.order_by(LedgerEntry.id))
        ]


def test_the_page_asks_stripe_if_no_event_has_arrived(
    client: FlaskClient, installation: Installation, begin: Begin
) -> None:
    found = begin()
    with installation.sessions.begin() as session:
        row = session.get_one(Subscription, found.id)
        row.current_period_end = row.as_of = row.customer_id = None
    assert "Next charge" in text_of(client, found)
    assert read(installation).customer_id is not None


def test_the_thank_you_page_links_to_it(
    client: FlaskClient, installation: Installation, begin: Begin
) -> None:
    found = begin()
    with installation.sessions() as session:
        donation = session.scalars(select(Donation)).one()
    assert at(found) in client.get(f"/donations/{donation.token}").text


@pytest.mark.parametrize(
    ("frequency", "fee_cover", "months", "booked"),
    [
        ("monthly", "", 1, [(2500, 0), (4000, 0)]),
        ("monthly", "yes", 1, [(2500, 106), (4000, 150)]),
        ("yearly", "yes", 12, [(2500, 106), (4000, 150)]),
    ],
)
def test_a_new_amount_applies_from_the_next_charge(
    client: FlaskClient,
    installation: Installation,
    stripe: StripeSandbox,
    begin: Begin,
    sync: Callable[[], None],
    frequency: str,
    fee_cover: str,
    months: int,
    booked: list[tuple[int, int]],
) -> None:
    found = begin(frequency=frequency, cover_fees=fee_cover)
    answer = client.post(at(found, "/amount"), data={"amount": "$40"})
    assert (answer.status_code, answer.location) == (303, at(found) + "?message=amount")
    assert "Your new amount is saved" in client.get(answer.location).text
    assert (read(installation).amount, read(installation).fee_cover) == booked[1]
    stripe.advance(days=31 * months)
    sync()
    assert gifts(installation) == booked
    assert read(installation).amount == 4000


def test_a_pause_skips_charges_and_then_resumes(
    client: FlaskClient,
    installation: Installation,
    stripe: StripeSandbox,
    begin: Begin,
    sync: Callable[[], None],
) -> None:
    found = begin()
    assert client.post(at(found, "/pause"), data={"months": "2"}).status_code == 303
    paused = read(installation)
    assert paused.state == "paused"
    assert paused.paused_until is not None
    assert timedelta(days=58) < paused.paused_until - clock.now() < timedelta(days=67)
    assert "Paused until" in text_of(client, found)
    stripe.advance(days=45)
    sync()
    assert len(gifts(installation)) == 1
    stripe.advance(days=50)
    sync()
    assert read(installation).state == "active"
    assert len(gifts(installation)) == 2


def test_a_pause_can_be_ended(
    client: FlaskClient,
    installation: Installation,
    stripe: StripeSandbox,
    begin: Begin,
    sync: Callable[[], None],
) -> None:
    found = begin()
    client.post(at(found, "/pause"), data={"months": "6"})
    sync()
    stripe.advance(seconds=5)
    assert client.post(at(found, "/resume")).status_code == 303
    sync()
    assert (read(installation).state, read(installation).paused_until) == ("active", None)


def test_canceling_is_confirmed_first_and_takes_effect_immediately(
    client: FlaskClient,
    installation: Installation,
    stripe: StripeSandbox,
    begin: Begin,
    sync: Callable[[], None],
) -> None:
    found = begin()
    assert at(found, "/cancel") in client.get(at(found)).text
    confirm = client.get(at(found, "/cancel"))
    assert "nothing more will be charged" in confirm.text
    assert read(installation).state == "active"
    assert client.post(at(found, "/cancel")).status_code == 303
    assert read(installation).state == "ended"
    sync()
    assert stripe.objects("subscription")[0]["status"] == "canceled"
    stripe.advance(days=90)
    sync()
    assert len(gifts(installation)) == 1
    text = text_of(client, found)
    assert "canceled" in text
    assert "Change the amount" not in text
    assert client.post(at(found, "/cancel")).status_code == 409
    with installation.sessions() as session:
        kinds = session.scalars(select(OutboxMessage.kind).order_by(OutboxMessage.id)).all()
    assert kinds == ["receipt", "subscription_ended"]


def test_a_cancellation_at_stripe_is_applied_here(
    client: FlaskClient, installation: Installation, stripe: StripeSandbox, begin: Begin
) -> None:
    found = begin()
    stripe.cancel_subscription(found.stripe_id)
    assert client.post(at(found, "/cancel")).status_code == 303
    assert read(installation).state == "ended"


@pytest.mark.parametrize("when", ["drop_before", "drop_after"])
def test_an_unreachable_stripe_is_reported_and_a_retry_works_once(
    client: FlaskClient,
    installation: Installation,
    stripe: StripeSandbox,
    begin: Begin,
    when: str,
) -> None:
    found = begin()
    stripe.fault("POST /v1/subscriptions/*", when, times=9)
    answer = client.post(at(found, "/amount"), data={"amount": "40"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert 'value="40"' in answer.text
    stripe.clear_faults()
    assert client.post(at(found, "/amount"), data={"amount": "40"}).status_code == 303
    assert read(installation).amount == 4000
    with installation.sessions() as session:
        calls = select(StripeRequest).where(StripeRequest.operation == "subscription_amount")
        keys = sorted(call.idempotency_key for call in session.scalars(calls))
    assert keys == [f"subscription-amount-{found.stripe_id}-{number}" for number in (1, 2)]


def test_an_interrupted_change_is_sent_again_and_not_only_replayed(
    client: FlaskClient, installation: Installation, stripe: StripeSandbox, begin: Begin
) -> None:
    found = begin()
    stripe.fault("POST /v1/subscriptions/*", "drop_after", times=9)
    client.post(at(found, "/pause"), data={"months": "1"})
    client.post(at(found, "/amount"), data={"amount": "40"})
    stripe.clear_faults()
    stripe_client = StripeClient("sk_test_x", base_addresses={"api": sandbox_address(stripe)})
    item = stripe.objects("subscription")[0]["items"]["data"][0]
    price = {
        "currency": "usd",
        "product": item["price"]["product"],
        "recurring": {"interval": "month"},
        "unit_amount": 6000,
    }
    stripe_client.v1.subscriptions.update(
        found.stripe_id,
        {"items": [{"id": item["id"], "price_data": price}], "proration_behavior": "none"},
    )
    assert client.post(at(found, "/amount"), data={"amount": "40"}).status_code == 303
    total = stripe.objects("subscription")[0]["items"]["data"][0]["price"]["unit_amount"]
    assert (total, read(installation).amount) == (4000, 4000)


def test_a_refusal_shows_the_gifts_state_at_stripe(
    client: FlaskClient, installation: Installation, stripe: StripeSandbox, begin: Begin
) -> None:
    found = begin()
    stripe.cancel_subscription(found.stripe_id)
    answer = client.post(at(found, "/pause"), data={"months": "1"})
    assert answer.status_code == 422
    assert "This gift was canceled on" in answer.text
    assert read(installation).state == "ended"


def test_another_site_cannot_change_a_gift(
    client: FlaskClient, installation: Installation, begin: Begin
) -> None:
    found = begin()
    for path in ("/amount", "/pause", "/resume", "/cancel", "/card"):
        answer = client.post(at(found, path), headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
        answer = client.post(at(found, path), headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403
    assert read(installation).state == "active"


@pytest.mark.parametrize("path", ["", "/cancel", "/card"])
def test_an_unknown_address_is_a_404(client: FlaskClient, path: str) -> None:
    assert client.get(f"/subscriptions/unknown{path}").status_code == 404


CARD = {"card-number": GOOD, "card-expiry": "12 / 34", "card-cvc": "123", "card-name": "Ana"}


def test_a_failed_renewal_is_resolved_with_another_card(
    client: FlaskClient,
    installation: Installation,
    stripe: StripeSandbox,
    begin: Begin,
    sync: Callable[[], None],
) -> None:
    found = begin(RENEWALS_FAIL)
    stripe.advance(days=32)
    sync()
    assert read(installation).state == "past_due"
    text = text_of(client, found)
    assert "The last payment did not go through" in text
    repair = read(installation).payment_update_url
    assert repair is not None
    assert repair in text
    answer = client.post(at(found, "/card"))
    assert answer.status_code == 303
    assert answer.location.startswith(stripe.url)
    saved = requests.post(answer.location, CARD, timeout=60, allow_redirects=False)
    assert saved.headers["Location"] == f"http://localhost{at(found, '/card')}"
    back = client.get(at(found, "/card"))
    assert back.location == at(found) + "?message=card"
    stripe.advance(days=4)
    sync()
    assert read(installation).state == "active"
    assert len(gifts(installation)) == 2
    assert "did not go through" not in text_of(client, found)


def test_the_failed_charge_can_be_paid_with_another_card(
    client: FlaskClient,
    installation: Installation,
    stripe: StripeSandbox,
    begin: Begin,
    sync: Callable[[], None],
) -> None:
    found = begin(RENEWALS_FAIL)
    stripe.advance(days=32)
    sync()
    address = read(installation).payment_update_url or ""
    assert requests.post(address, CARD, timeout=60).status_code == 200
    sync()
    repaired = read(installation)
    assert (repaired.state, repaired.failed_invoice_id, repaired.payment_update_url) == (
        "active",
        None,
        None,
    )
    assert len(gifts(installation)) == 2
    assert "Active" in text_of(client, found)


def test_emails_report_each_failed_attempt_once_and_then_the_cancellation(
    mailing: Installation,
    mailbox: MailReceiver,
    stripe: StripeSandbox,
    begin: Begin,
    sync: Callable[[], None],
) -> None:
    begin(RENEWALS_FAIL, name="Ana Reyes")
    for days in (32, 4, 6, 8, 30):
        stripe.advance(days=days)
        sync()
        deliver_due(mailing)
    subjects = [mail.message["Subject"] for mail in mailbox.messages]
    failing = "Your $25 gift to The Harbor Ledger did not go through"
    assert subjects[0].startswith("Receipt")
    assert subjects[1:] == [failing] * 3 + ["Your monthly gift to The Harbor Ledger has ended"]
    with mailing.sessions() as session:
        states = session.scalars(select(OutboxMessage.state).order_by(OutboxMessage.id)).all()
    assert states == ["sent"] * 4 + ["dropped", "sent"]


def test_an_email_about_a_renewal_paid_meanwhile_is_not_sent(
    client: FlaskClient,
    mailing: Installation,
    mailbox: MailReceiver,
    stripe: StripeSandbox,
    begin: Begin,
    sync: Callable[[], None],
) -> None:
    found = begin(RENEWALS_FAIL)
    deliver_due(mailing)
    stripe.advance(days=32)
    sync()
    requests.post(client.post(at(found, "/card")).location, CARD, timeout=60, allow_redirects=False)
    client.get(at(found, "/card"))
    stripe.advance(days=4)
    sync()
    deliver_due(mailing)
    assert [mail.message["Subject"].split()[0] for mail in mailbox.messages] == ["Receipt"] * 2
    with mailing.sessions() as session:
        message = session.scalars(
            select(OutboxMessage).where(OutboxMessage.kind == "renewal_failed")
        ).one()
    assert (message.state, message.sent_at) == ("dropped", None)
    assert "has been paid" in (message.last_error or "")


def test_renewals_store_their_payment_so_that_a_refund_finds_them(
    installation: Installation, stripe: StripeSandbox, begin: Begin, sync: Callable[[], None]
) -> None:
    begin()
    stripe.advance(days=32)
    sync()
    with installation.sessions() as session:
        renewal = session.scalars(select(Donation).order_by(Donation.id.desc()).limit(1)).one()
    assert renewal.payment_intent_id is not None
    stripe.refund(renewal.payment_intent_id)
    sync()
    with installation.sessions() as session:
        states = session.scalars(select(Donation.state).order_by(Donation.id)).all()
    assert states == ["paid", "refunded"]
