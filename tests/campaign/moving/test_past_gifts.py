"""A past gift whose payment lives in this Stripe account is one gift, whatever is heard of it later."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select

from campaign.adoption.flow import AdoptionOrder, take_in
from campaign.audit.audit_log import Actor
from campaign.campaigns.campaigns import NewCampaign, create_campaign, find_campaign
from campaign.campaigns.progress import read_progress
from campaign.core.clock import now
from campaign.ledger.fees import find_late_payments
from campaign.models import Donation, Donor, LedgerEntry, OutboxMessage, PastGift, Receipt
from campaign.moving.gifts import ADDED, BOOKED, COUNTED
from campaign.reporting.journal import months
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.past_gifts import HEADER, bring_over, brought, gift
from tests.support.reconciliation import Bank


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def gifts(bank: Bank) -> list[tuple[int, str]]:
    with bank.installation.sessions() as session:
        found = session.scalars(select(Donation).order_by(Donation.id))
        return [(one.charge, one.state) for one in found]


def emails_and_receipts(bank: Bank) -> int:
    with bank.installation.sessions() as session:
        return sum(
            session.scalars(select(func.count()).select_from(table)).one()
            for table in (OutboxMessage, Receipt)
        )


@pytest.mark.parametrize("lost", ["", "refund.*", "charge.refunded"])
@pytest.mark.parametrize("known", ["pi", "ch"])
def test_a_refund_at_stripe_after_the_import_finds_the_gift(
    bank: Bank, tmp_path: Path, known: str, lost: str
) -> None:
    intent = bank.stripe.charge_customer(2500)
    brought(bank, tmp_path, gift(intent, known=known))
    bank.stripe.refund(intent["latest_charge"], 1000)
    bank.deliver(lose=lost)
    assert gifts(bank) == [(2500, "partially_refunded")]
    assert emails_and_receipts(bank) == 0
    bank.require_order()


@pytest.mark.parametrize("known", ["pi", "ch"])
def test_a_refund_that_the_file_names_is_not_booked_again(
    bank: Bank, tmp_path: Path, known: str
) -> None:
    intent = bank.stripe.charge_customer(2500)
    bank.stripe.refund(intent["latest_charge"], 1000)
    brought(bank, tmp_path, gift(intent, known=known, refunded="10.00"))
    bank.deliver()
    assert bank.entries() == [("payment", 2500, 0), ("refund", -1000, 0)]
    bank.stripe.refund(intent["latest_charge"], 500)
    bank.deliver()
    assert sum(amount for _, amount, _ in bank.entries()) == 1000
    bank.require_order()


def test_a_refund_that_was_heard_before_the_import_is_booked_with_it(
    bank: Bank, tmp_path: Path
) -> None:
    intent = bank.stripe.charge_customer(2500)
    bank.stripe.refund(intent["latest_charge"])
    bank.deliver()
    brought(bank, tmp_path, gift(intent))
    assert gifts(bank) == [(2500, "refunded")]
    bank.require_order()


@pytest.mark.parametrize("known", ["pi", "ch"])
def test_adopting_an_imported_gift_adds_nothing(bank: Bank, tmp_path: Path, known: str) -> None:
    intent = bank.stripe.charge_customer(2500)
    brought(bank, tmp_path, gift(intent, known=known))
    for name in (intent["id"], intent["latest_charge"]):
        found = take_in(bank.installation, name, AdoptionOrder("nine-days"), Actor.command_line())
        assert (found.known, list(found.gifts)) == (True, [])
    assert gifts(bank) == [(2500, "paid")]
    assert emails_and_receipts(bank) == 0


def test_importing_an_adopted_gift_adds_nothing(bank: Bank, tmp_path: Path) -> None:
    intent = bank.stripe.charge_customer(2500)
    take_in(bank.installation, intent["id"], AdoptionOrder("nine-days"), Actor.command_line())
    counts = brought(bank, tmp_path, gift(intent)).report.counts
    assert (counts[ADDED], counts[BOOKED]) == (0, 1)


def test_reconciling_finds_nothing_wrong_with_past_gifts(bank: Bank, tmp_path: Path) -> None:
    here = bank.stripe.charge_customer(2500)
    bank.stripe.refund(here["latest_charge"], 1000)
    elsewhere = {"id": "pi_of_another_account", "amount": 700}
    brought(
        bank,
        tmp_path,
        gift(here, refunded="10.00"),
        gift(elsewhere, id="old-crm-2", email="bo@reader.test"),
    )
    assert bank.reconcile(apply=True).discrepancies == []
    assert bank.reconcile().discrepancies == []
    assert bank.entries() == [("payment", 2500, 0), ("payment", 700, 0), ("refund", -1000, 0)]
    with bank.installation.sessions() as session:
        assert find_late_payments(session, now()) == []


def test_past_gifts_are_no_money_of_the_journal_but_their_later_refunds_are(
    bank: Bank, tmp_path: Path
) -> None:
    intent = bank.stripe.charge_customer(2500)
    brought(bank, tmp_path, gift(intent))
    with bank.installation.sessions() as session:
        assert months(session, find_campaign(session, "nine-days").zone) == []
    bank.stripe.refund(intent["latest_charge"], 1000)
    bank.deliver()
    with bank.installation.sessions() as session:
        assert len(months(session, find_campaign(session, "nine-days").zone)) == 1


def test_gifts_count_for_a_past_campaign_within_its_dates(bank: Bank, tmp_path: Path) -> None:
    with bank.installation.sessions.begin() as session:
        wanted = NewCampaign(
            "year-end-2024",
            "Year end",
            "1000",
            "2024-12-31",
            "America/Los_Angeles",
            start="2024-12-01",
            past=True,
        )
        create_campaign(session, wanted)
    one = {"id": "", "amount": 2500}
    found = brought(
        bank,
        tmp_path,
        gift(one, id="1", date="2024-12-31 23:59"),
        gift(one, id="2", date="2025-01-01 00:01"),
        gift(one, id="3", date="2024-12-20", currency="eur"),
        gift(one, id="4", date="2024-12-21", refunded="5.00"),
        campaign="year-end-2024",
    )
    assert (found.report.counts[ADDED], found.report.counts[COUNTED]) == (4, 2)
    with bank.installation.sessions() as session:
        progress = read_progress(session, find_campaign(session, "year-end-2024"), now())
        assert (progress.raised, progress.donations, progress.donors) == (4500, 2, 1)
        assert (progress.state.value, progress.campaign.is_final(now())) == ("closed", False)
    bank.require_order()


def test_a_dry_run_changes_nothing(bank: Bank, tmp_path: Path) -> None:
    found = brought(bank, tmp_path, gift({"id": "pi_1", "amount": 700}), dry_run=True)
    assert found.report.counts[ADDED] == 1
    with bank.installation.sessions() as session:
        for table in (Donation, Donor, PastGift, LedgerEntry):
            assert session.scalars(select(table)).all() == []


def test_receipts_of_ours_are_issued_when_asked_for_and_not_emailed(
    bank: Bank, tmp_path: Path
) -> None:
    one = {"id": "", "amount": 2500}
    rows = [gift(one, id="1", refunded="10.00"), gift(one, id="2", date="2026-01-05")]
    brought(bank, tmp_path, *rows, receipts=True)
    with bank.installation.sessions() as session:
        receipts = session.scalars(select(Receipt).order_by(Receipt.id)).all()
        assert [(one.kind, one.amount) for one in receipts] == [
            ("receipt", 2500),
            ("corrected", 1500),
            ("receipt", 2500),
        ]
        assert set(session.scalars(select(OutboxMessage.state))) == {"dropped"}
    bank.require_order()


def test_two_imports_at_once_bring_everything_once(
    installation: Installation, bank: Bank, tmp_path: Path
) -> None:

    rows = [gift({"id": f"pi_{n}", "amount": 100 + n}, id=str(n)) for n in range(40)]
    path = tmp_path / "gifts.csv"
    path.write_text(HEADER + "".join(rows))
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: bring_over(installation, path, preset="plain"), range(2)))
    assert sum(one.report.counts[ADDED] for one in found) == 40
    bank.require_order()
