"""A gift's pages show its status at Stripe, only to people who have their URL."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from campaign.models import Campaign, Donation, OutboxMessage, Receipt
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.stripe import Facts

Store = Callable[..., None]


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def donation(client: FlaskClient, installation: Installation, campaign: Campaign) -> Donation:
    """A gift of $25 whose donor is on Stripe's page."""
    return begin(client, installation)


def begin(client: FlaskClient, installation: Installation, frequency: str = "one_time") -> Donation:
    form = {"amount": "25", "frequency": frequency, "email": "ana@example.org", "attempt": "a"}
    assert client.post("/c/nine-days/donate", data=form).status_code == 303
    return reread(installation)


def reread(installation: Installation) -> Donation:
    with installation.sessions() as session:
        return session.scalars(select(Donation)).one()


def page(client: FlaskClient, donation: Donation) -> str:
    answer = client.get(f"/donations/{donation.token}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    return answer.text


def test_an_open_session_is_never_thanked_for(client: FlaskClient, donation: Donation) -> None:
    assert "Thank you" not in page(client, donation)


def test_the_return_from_stripe_books_the_gift_without_the_webhook(
    client: FlaskClient, installation: Installation, donation: Donation, stripe: StripeSandbox
) -> None:
    stripe.pay(donation.session_id)
    text = page(client, donation)
    assert "Thank you" in text
    assert "$25" in text
    with installation.sessions() as session:
        receipt = session.scalars(select(Receipt)).one()
        assert session.scalars(select(OutboxMessage.receipt_id)).all() == [receipt.id]
    assert f"/receipts/{receipt.token}" in text
    assert page(client, donation)
    assert reread(installation).state == "paid"


def test_the_return_and_the_webhook_are_one_gift(
    client: FlaskClient,
    installation: Installation,
    donation: Donation,
    stripe: StripeSandbox,
    store: Store,
) -> None:
    stripe.pay(donation.session_id)
    page(client, donation)
    store(*stripe.events())
    apply_due_events(installation)
    page(client, donation)
    with installation.sessions() as session:
        assert len(session.scalars(select(Receipt)).all()) == 1


@pytest.mark.parametrize("frequency", ["monthly", "yearly"])
def test_a_recurring_gift_is_booked_on_return_and_by_events_once(
    client: FlaskClient,
    installation: Installation,
    campaign: Campaign,
    stripe: StripeSandbox,
    store: Store,
    frequency: str,
) -> None:
    donation = begin(client, installation, frequency)
    stripe.pay(donation.session_id)
    assert "Thank you" in page(client, donation)
    store(*stripe.events())
    apply_due_events(installation)
    with installation.sessions() as session:
        assert len(session.scalars(select(Receipt)).all()) == 1


def test_renewals_are_donations_of_their_own(
    client: FlaskClient,
    installation: Installation,
    campaign: Campaign,
    stripe: StripeSandbox,
    store: Store,
) -> None:
    donation = begin(client, installation, "monthly")
    stripe.pay(donation.session_id)
    stripe.advance(days=63)
    store(*stripe.events())
    apply_due_events(installation)
    with installation.sessions() as session:
        found = session.scalars(select(Donation).order_by(Donation.id)).all()
    assert [gift.state for gift in found] == ["paid"] * 3
    assert len({gift.subscription_id for gift in found}) == 1


def test_a_bank_debit_is_processing_then_paid(
    client: FlaskClient,
    installation: Installation,
    donation: Donation,
    stripe: StripeSandbox,
    store: Store,
) -> None:
    stripe.pay(donation.session_id, bank="succeeds")
    assert "Thank you" not in page(client, donation) or "processing" in page(client, donation)
    assert reread(installation).state == "processing"
    stripe.settle(donation.session_id)
    store(*stripe.events())
    apply_due_events(installation)
    assert reread(installation).state == "paid"


def test_an_unreachable_stripe_shows_the_known_status(
    client: FlaskClient, installation: Installation, donation: Donation, stripe: StripeSandbox
) -> None:
    stripe.pay(donation.session_id)
    stripe.fault("GET /v1/checkout/sessions/*", "drop_before", times=9)
    assert "Thank you" not in page(client, donation)
    stripe.clear_faults()
    assert "Thank you" in page(client, donation)


def test_a_receipt_opens_by_its_address_only(
    client: FlaskClient, installation: Installation, donation: Donation, stripe: StripeSandbox
) -> None:
    stripe.pay(donation.session_id)
    page(client, donation)
    with installation.sessions() as session:
        receipt = session.scalars(select(Receipt)).one()
    answer = client.get(f"/receipts/{receipt.token}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert receipt.number in answer.text
    assert "No goods or services were provided" in answer.text
    assert client.get(f"/receipts/{receipt.number}").status_code == 404


@pytest.mark.parametrize("path", ["/donations/unknown", "/receipts/unknown", "/donations/%00"])
def test_an_unknown_address_is_a_404(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def paid_at_stripe(
    client: FlaskClient, donation: Donation, stripe: StripeSandbox, **how: str
) -> Donation:
    stripe.pay(donation.session_id, **how)
    page(client, donation)
    return donation


def shown(installation: Installation, store: Store, stripe: StripeSandbox) -> None:
    store(*stripe.events())
    apply_due_events(installation)


def test_the_page_shows_the_refunded_and_the_remaining_amount(
    client: FlaskClient,
    installation: Installation,
    donation: Donation,
    stripe: StripeSandbox,
    store: Store,
) -> None:
    paid_at_stripe(client, donation, stripe)
    stripe.refund(donation.session_id, 1000)
    shown(installation, store, stripe)
    text = page(client, donation)
    assert "Part of this gift was refunded" in text
    assert "$10" in text
    assert "$15" in text
    stripe.refund(donation.session_id)
    shown(installation, store, stripe)
    assert "The receipt is void" in page(client, donation)


@pytest.mark.parametrize(
    ("won", "words"),
    [(None, "This gift is disputed"), (True, "Thank you"), (False, "returned this gift to you")],
)
def test_the_page_shows_the_state_of_a_dispute(
    client: FlaskClient,
    installation: Installation,
    donation: Donation,
    stripe: StripeSandbox,
    store: Store,
    won: bool | None,
    words: str,
) -> None:
    paid_at_stripe(client, donation, stripe)
    dispute = stripe.dispute(donation.session_id)
    if won is not None:
        stripe.close_dispute(dispute["id"], won=won)
    shown(installation, store, stripe)
    assert words in page(client, donation)


def test_the_page_says_which_part_a_lost_dispute_returned(
    client: FlaskClient,
    installation: Installation,
    donation: Donation,
    stripe: StripeSandbox,
    store: Store,
) -> None:
    paid_at_stripe(client, donation, stripe)
    dispute = stripe.dispute(donation.session_id, amount=1000)
    stripe.close_dispute(dispute["id"], won=False)
    shown(installation, store, stripe)
    text = page(client, donation)
    assert "Your bank returned part of this gift to you" in text
    assert "$10" in text
    assert "$15" in text
    assert "no longer valid" not in text


def test_the_page_shows_a_debit_that_was_returned_after_success(
    client: FlaskClient, installation: Installation, donation: Donation, store: Store
) -> None:
    facts = Facts(donation)
    store(facts.promised(), facts.debit_succeeded(), facts.debit_failed())
    apply_due_events(installation)
    text = page(client, donation)
    assert "Your bank reversed the debit" in text
    assert "Try again" in text


def test_a_replaced_receipt_points_to_the_valid_one(
    client: FlaskClient,
    installation: Installation,
    donation: Donation,
    stripe: StripeSandbox,
    store: Store,
) -> None:
    paid_at_stripe(client, donation, stripe)
    stripe.refund(donation.session_id, 1000)
    shown(installation, store, stripe)
    stripe.refund(donation.session_id, 1500)
    shown(installation, store, stripe)
    with installation.sessions() as session:
        first, corrected, void = session.scalars(select(Receipt).order_by(Receipt.id)).all()
    assert f"/receipts/{corrected.token}" in client.get(f"/receipts/{first.token}").text
    assert "no longer valid for tax purposes" in client.get(f"/receipts/{first.token}").text
    assert "Corrected receipt" in client.get(f"/receipts/{corrected.token}").text
    text = client.get(f"/receipts/{void.token}").text
    assert "Void receipt" in text
    assert "was refunded or reversed in full" in text


def test_a_receipt_is_available_as_pdf(
    client: FlaskClient, installation: Installation, donation: Donation, stripe: StripeSandbox
) -> None:
    stripe.pay(donation.session_id)
    page(client, donation)
    with installation.sessions() as session:
        receipt = session.scalars(select(Receipt)).one()
    answer = client.get(f"/receipts/{receipt.token}.pdf")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"] == f"inline; filename=receipt-{receipt.number}.pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.data.startswith(b"%PDF-")
    assert f"/receipts/{receipt.token}.pdf" in client.get(f"/receipts/{receipt.token}").text
    assert client.get("/receipts/unknown.pdf").status_code == 404
