"""One transaction books it all; whose receipts are emailed is asked for."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from campaign.adoption.booking import Request, book
from campaign.adoption.facts import fetch_facts
from campaign.audit.audit_log import Actor
from campaign.campaigns.campaigns import find_campaign
from campaign.core.clock import now
from campaign.core.errors import FactMismatch
from campaign.models import Donation, InboxEvent, LedgerEntry, OutboxMessage, Receipt
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def booked(bank: Bank, stripe_id: str, receipts: str = "newest") -> int:
    """Book it and return how many donations are new."""
    facts = fetch_facts(bank.installation.gateway, stripe_id)
    with bank.installation.sessions.begin() as session:
        campaign = find_campaign(session, "nine-days")
        wanted = Request(campaign, Actor.command_line(), receipts=receipts)
        return len(book(session, facts, wanted, bank.installation.books, now()).donations)


def email_states(bank: Bank) -> list[str]:
    query = select(OutboxMessage.state).where(OutboxMessage.kind == "receipt")
    with bank.installation.sessions() as session:
        return list(session.scalars(query.order_by(OutboxMessage.id)))


@pytest.mark.parametrize(
    ("receipts", "states"),
    [
        ("newest", ["dropped", "queued"]),
        ("all", ["queued", "queued"]),
        ("none", ["dropped", "dropped"]),
    ],
)
def test_all_receipts_are_issued_and_those_asked_for_are_emailed(
    bank: Bank, receipts: str, states: list[str]
) -> None:
    made = bank.stripe.subscribe(700)
    bank.stripe.advance(days=32)
    assert booked(bank, made["id"], receipts) == 2
    assert email_states(bank) == states
    with bank.installation.sessions() as session:
        assert len(session.scalars(select(Receipt)).all()) == 2
    bank.require_order()


def test_two_at_once_book_it_once(bank: Bank) -> None:
    intent = bank.stripe.charge_customer(1000)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: booked(bank, intent["id"]), range(2)))
    assert sorted(found) == [0, 1]
    with bank.installation.sessions() as session:
        assert len(session.scalars(select(LedgerEntry)).all()) == 1
    bank.require_order()


def test_nothing_is_left_of_a_booking_that_fails(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bank.stripe.subscribe(700)
    bank.stripe.advance(days=32)

    def fail(*_arguments: object) -> None:
        raise FactMismatch("no")

    monkeypatch.setattr("campaign.adoption.booking.copy_taken_in", fail)
    with pytest.raises(FactMismatch):
        booked(bank, made["id"])
    with bank.installation.sessions() as session:
        for table in (Donation, Receipt, LedgerEntry, OutboxMessage, InboxEvent):
            assert session.scalars(select(table)).all() == []


def test_a_payment_in_the_second_of_the_start_counts(bank: Bank) -> None:
    intent = bank.stripe.charge_customer(1000)
    created = bank.stripe.objects("charge")[0]["created"]
    with bank.installation.sessions.begin() as session:
        campaign = find_campaign(session, "nine-days")
        campaign.starts_at = (
            now().replace(microsecond=0).fromtimestamp(created + 0.5, tz=campaign.starts_at.tzinfo)
        )
    booked(bank, intent["id"])
    with bank.installation.sessions() as session:
        assert session.scalars(select(LedgerEntry.campaign_id)).one() is not None
