"""What each event type makes certain, beyond its object."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from campaign.core.booking_context import Outcome
from campaign.gateway import Event
from campaign.models import Dispute, Donation, FraudWarning, Payout
from campaign.runtime.context import Installation
from campaign.stripe_events import handlers
from tests.support.ledger import after, ledger_entries_of, report_paid, state_and_receipt
from tests.support.stripe import Facts, Json

Handler = Callable[..., Outcome]


@pytest.fixture
def handle(installation: Installation) -> Callable[..., Outcome]:
    """Apply an event, created so many seconds after the form, through its handler."""

    def applied(handler: Handler, facts: Facts, shown: Json, seconds: int = 100) -> Outcome:
        event = Event(
            shown["id"], shown["type"], False, after(facts, seconds), shown["data"]["object"]
        )
        with installation.sessions.begin() as session:
            return handler(session, event, installation.books)

    return applied


Handle = Callable[..., Outcome]


@pytest.fixture
def gift(installation: Installation, give: Callable[..., Facts]) -> Facts:
    """A paid gift of $25."""
    facts = give()
    report_paid(installation, facts)
    return facts


def read(installation: Installation, facts: Facts) -> Donation:
    with installation.sessions() as session:
        return session.get_one(Donation, facts.donation.id)


@pytest.mark.parametrize(
    ("happened", "moved"),
    [
        ("created", (0, 0)),
        ("updated", (0, 0)),
        ("funds_withdrawn", (2500, 0)),
        ("funds_reinstated", (2500, 2500)),
    ],
)
def test_a_dispute_events_type_alone_proves_that_money_moved(
    installation: Installation, handle: Handle, gift: Facts, happened: str, moved: tuple[int, int]
) -> None:
    handle(handlers.dispute_changed, gift, gift.disputed(happened))
    with installation.sessions() as session:
        found = session.scalars(select(Dispute)).one()
    assert (found.withdrawn, found.reinstated) == moved


def test_a_card_is_charged_at_completion_and_a_debit_when_authorized(
    installation: Installation, handle: Handle, give: Callable[..., Facts]
) -> None:
    card, debit = give(), give(email="ben@example.org")
    handle(handlers.session_changed, card, card.completed(), 100)
    handle(handlers.debit_succeeded, debit, debit.debit_succeeded(), 400_000)
    assert read(installation, card).charged_at == after(card, 100)
    found = read(installation, debit)
    assert (found.charged_at, found.paid_at) == (found.created_at, after(debit, 400_000))


def test_a_debit_keeps_the_time_of_its_authorization_event(
    installation: Installation, handle: Handle, give: Callable[..., Facts]
) -> None:
    facts = give()
    handle(handlers.session_changed, facts, facts.promised(), 100)
    promised = read(installation, facts).charged_at
    handle(handlers.debit_succeeded, facts, facts.debit_succeeded(), 400_000)
    assert read(installation, facts).charged_at == promised


def test_a_declined_card_moves_nothing_but_a_reversed_debit_does(
    installation: Installation, handle: Handle, gift: Facts
) -> None:
    declined = gift.charge_returned()
    declined["data"]["object"]["failure_balance_transaction"] = None
    outcome = handle(handlers.charge_failed, gift, declined)
    assert (outcome.applied, outcome.note) == (False, "the charge never succeeded")
    assert state_and_receipt(installation, gift) == ("paid", 2500)
    handle(handlers.charge_failed, gift, gift.charge_returned())
    assert ledger_entries_of(installation, gift)[1:] == [("payment_reversed", -2500, 0)]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("refund_changed", lambda facts: facts.refunded("a", 700)),
        ("charge_refunded", lambda facts: facts.charge_refunded(700)),
    ],
)
def test_a_refund_is_booked_by_itself_or_by_its_charge(
    installation: Installation,
    handle: Handle,
    gift: Facts,
    name: str,
    shown: Callable[[Facts], Json],
) -> None:
    handler = getattr(handlers, name)
    assert handle(handler, gift, shown(gift)).applied
    assert not handle(handler, gift, shown(gift)).applied
    assert ledger_entries_of(installation, gift)[1:] == [("refund", -700, 0)]


def test_an_object_without_a_creation_time_gets_the_events_time(
    installation: Installation, handle: Handle, gift: Facts
) -> None:
    warned = gift.fraud_warned()
    del warned["data"]["object"]["created"]
    handle(handlers.fraud_warning_changed, gift, warned, 55)
    with installation.sessions() as session:
        assert session.scalars(select(FraudWarning.created_at)).one() == after(gift, 55)


def test_a_failed_first_invoice_is_ignored_and_a_paid_one_is_booked(
    installation: Installation, handle: Handle, give: Callable[..., Facts]
) -> None:
    facts = give(frequency="monthly")
    outcome = handle(handlers.invoice_failed, facts, facts.invoice_paid())
    assert outcome.note == "the donor is on Stripe's page and sees it there"
    assert handle(handlers.invoice_paid, facts, facts.invoice_paid()).applied
    assert state_and_receipt(installation, facts) == ("paid", 2500)


def test_a_failed_debit_is_reported_by_its_session(
    installation: Installation, handle: Handle, give: Callable[..., Facts]
) -> None:
    facts = give()
    handle(handlers.debit_failed, facts, facts.debit_failed(), 300)
    found = read(installation, facts)
    assert (found.state, found.returned_at) == ("failed", after(facts, 300))


def test_a_payout_that_failed_is_dated_by_its_event(
    installation: Installation, handle: Handle, gift: Facts
) -> None:
    found: dict[str, Any] = {
        "id": "po_1",
        "created": gift.created,
        "amount": 2397,
        "currency": "usd",
        "status": "failed",
        "arrival_date": gift.created,
    }
    shown = {"id": "evt_1", "type": "payout.failed", "data": {"object": found}}
    handle(handlers.payout_changed, gift, shown, 86_400)
    with installation.sessions() as session:
        kept = session.scalars(select(Payout)).one()
    assert kept.failed_on == (after(gift, 0) + timedelta(days=1)).date()
    assert not kept.itemized
