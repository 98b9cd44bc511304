"""The journal: balanced for each currency, with payouts and deposits to the bank."""

from collections import defaultdict
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from campaign.core.clock import now
from campaign.gateway import BalanceTransaction
from campaign.models import OfflineGift, Payout, StaffRole
from campaign.models.states import ReversalReason
from campaign.offline.deposits import close_batch, open_batch
from campaign.offline.entry import Choices
from campaign.offline.reversals import reverse
from campaign.reconciliation.fetch_fees import book_fees
from campaign.reconciliation.fetch_payouts import read_payouts
from campaign.reconciliation.payouts import save_items
from campaign.reporting.journal import Journal, months, read_journal
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.offline_gifts import FINANCE, HERE, TODAY, Enter, gift_of
from tests.support.reconciliation import Bank
from tests.support.staff import StaffMaker


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def sums(installation: Installation, *moments: date) -> dict[str, int]:
    """Return debit minus credit of each account over the months of the given moments."""
    found: dict[str, int] = defaultdict(int)
    for first in {moment.replace(day=1) for moment in moments}:
        with installation.sessions() as session:
            journal = read_journal(session, first, HERE)
        balanced(journal)
        for line in journal.lines:
            found[line.account] += line.debit - line.credit
    return dict(found)


def balanced(journal: Journal) -> None:
    for totals in journal.totals.values():
        assert sum(row[2] for row in totals) == sum(row[3] for row in totals)
    assert all(line.debit >= 0 and line.credit >= 0 for line in journal.lines)
    assert all((line.debit == 0) != (line.credit == 0) for line in journal.lines)


def test_card_gifts_are_in_the_stripe_balance_until_paid_out(
    bank: Bank, installation: Installation, staff: StaffMaker
) -> None:
    first = bank.give("25", cover_fees="yes")
    bank.stripe.pay(first)
    bank.stripe.pay(bank.give("40"))
    bank.stripe.refund(first, 500)
    bank.deliver()
    book_fees(installation)
    before = sums(installation, TODAY)
    assert before["Contributions"] == -(2500 + 4000 - 500)
    assert before["Fees covered by donors"] < 0
    assert before["Card fees"] > 0
    assert "Bank" not in before
    paid_out = bank.stripe.payout()
    bank.deliver()
    read_payouts(installation)
    arrival = TODAY + timedelta(days=7)
    after = sums(installation, TODAY, arrival)
    assert after["Bank"] == paid_out["amount"] == before["Stripe balance"]
    assert after["Stripe balance"] == 0
    client = staff(StaffRole.finance)
    page = client.get(f"/staff/books/{TODAY:%Y-%m}").text
    assert "Contributions" in page
    rows = client.get(f"/staff/books/{TODAY:%Y-%m}/journal.csv").text.splitlines()
    assert (
        rows[0]
        == "day,account,designation,description,debit,credit,currency,reference,account_number"
    )
    assert client.get("/staff/books/2026-13").status_code == 404
    assert f"/staff/books/{TODAY:%Y-%m}" in client.get("/staff/books").text


def test_a_returned_payout_is_reversed_on_the_day_of_its_return(
    bank: Bank, installation: Installation
) -> None:
    bank.stripe.pay(bank.give("25"))
    made = bank.stripe.payout(arrive=False)
    bank.stripe.fail_payout(made["id"])
    bank.deliver()
    arrival = TODAY + timedelta(days=7)
    assert sums(installation, TODAY, arrival)["Bank"] == 0
    with installation.sessions() as session:
        kept = session.scalars(select(Payout)).one()
        journal = read_journal(session, kept.arrival_date.replace(day=1), HERE)
    assert kept.failed_on is not None
    assert any(line.description == "Payout" and line.account == "Bank" for line in journal.lines)


def test_a_check_is_deposited_and_a_bounced_one_is_withdrawn(
    enter: Enter, installation: Installation
) -> None:
    here = installation
    with here.sessions.begin() as session:
        batch_id = open_batch(session, "Monday", "usd", FINANCE, now()).id
    good = gift_of(enter(Choices(batch_id=batch_id), reference="1"))
    bad = gift_of(enter(Choices(batch_id=batch_id), reference="2", amount="20", name="Ben Ito"))
    gift_of(enter(reference="3", amount="7", name="Cy Ode", kind="stock", description="1 share"))
    assert sums(here, TODAY)["Checks and cash in hand"] == 7000
    with here.sessions.begin() as session:
        close_batch(session, batch_id, TODAY, "slip 12", FINANCE, now())
    assert sums(here, TODAY) == {
        "Checks and cash in hand": 0,
        "Bank": 7000,
        "Stock received": 700,
        "Contributions": -7700,
    }
    with here.sessions.begin() as session:
        public_id = session.get_one(OfflineGift, bad.id).donation.public_id
        reverse(session, public_id, ReversalReason.bounced, TODAY, FINANCE, here.books, now())
    assert sums(here, TODAY) == {
        "Checks and cash in hand": 0,
        "Bank": 5000,
        "Stock received": 700,
        "Contributions": -5700,
    }
    assert good.kind == "cheque"
    with here.sessions() as session:
        assert months(session, HERE) == [TODAY.replace(day=1)]


def test_a_stripe_invoice_is_posted_once_a_payout_includes_it(
    bank: Bank, installation: Installation
) -> None:
    """The invoice reduces the payout; without its line the Stripe account would not balance."""
    bank.stripe.pay(bank.give("25"))
    paid_out = bank.stripe.payout()
    bank.deliver()
    book_fees(installation)
    read_payouts(installation)
    arrival = TODAY + timedelta(days=7)
    assert sums(installation, TODAY, arrival)["Stripe balance"] == 0
    bill = BalanceTransaction(
        "txn_bill", now(), "stripe_fee", -200, 0, paid_out["currency"], None, None
    )
    with installation.sessions.begin() as session:
        session.scalars(select(Payout)).one().amount -= 200
        save_items(session, paid_out["id"], [bill], now())
        save_items(session, paid_out["id"], [bill], now())
    after = sums(installation, TODAY, arrival)
    assert after["Other Stripe activity"] == 200
    assert after["Stripe balance"] == 0
    assert after["Bank"] == paid_out["amount"] - 200


def by_currency(journal: Journal) -> dict[str, dict[str, int]]:
    """Return debit minus credit by currency and account."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in journal.lines:
        found[line.currency][line.account] += line.debit - line.credit
    return {currency: dict(accounts) for currency, accounts in found.items()}


def test_a_gift_settled_in_another_currency_closes_in_both(
    bank: Bank, installation: Installation
) -> None:
    # The case: 100 US dollars, 137.00 Canadian ones in the balance, a fee of 4.27, a payout of 132.73.
    bank.stripe.set_settlement("cad", {"usd": "1.37"})
    bank.stripe.pay(bank.give("100"))
    bank.deliver()
    book_fees(installation)
    paid_out = bank.stripe.payout()
    bank.deliver()
    read_payouts(installation)
    assert (paid_out["amount"], paid_out["currency"]) == (13_273, "cad")
    bank.require_order()
    assert bank.reconcile().discrepancies == []
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for first in {TODAY.replace(day=1), (TODAY + timedelta(days=7)).replace(day=1)}:
        with installation.sessions() as session:
            journal = read_journal(session, first, HERE)
        balanced(journal)
        for currency, accounts in by_currency(journal).items():
            for account, total in accounts.items():
                found[currency][account] += total
    assert dict(found["usd"]) == {
        "Stripe balance": 0,
        "Contributions": -10_000,
        "Exchange gains and losses": 10_000,
    }
    assert dict(found["cad"]) == {
        "Stripe balance": 0,
        "Exchange gains and losses": -13_700,
        "Card fees": 427,
        "Bank": 13_273,
    }
