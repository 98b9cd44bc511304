"""Gifts that Stripe settles in another currency: both currencies close, and the bank's alone."""

import re
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from campaign.adoption.flow import AdoptionOrder, take_in
from campaign.audit.audit_log import Actor
from campaign.models import Campaign, StaffRole
from campaign.reconciliation.fetch_fees import book_fees
from campaign.reconciliation.fetch_payouts import read_payouts
from campaign.reporting.journal import Journal, read_bank_journal, read_journal
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from sandbox.stripe.errors import Refused
from tests.conftest import sandbox_address
from tests.support.api_versions import OTHER_VERSIONS
from tests.support.campaigns import add_campaign
from tests.support.offline_gifts import HERE, TODAY
from tests.support.reconciliation import Bank
from tests.support.staff import StaffMaker

CURRENCIES = ("usd", "jpy", "kwd", "eur")
RATES = {"usd": "1.37", "jpy": "0.0091", "kwd": "4.45678", "eur": "1.5"}
STRIPE, BANK, GIVEN = "Stripe balance", "Bank", "Contributions"
GAINS = "Exchange gains and losses"


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def catch_up(bank: Bank) -> None:
    bank.deliver()
    book_fees(bank.installation)
    read_payouts(bank.installation)


def firsts() -> Sequence[date]:
    return sorted({(TODAY + timedelta(days=days)).replace(day=1) for days in (-1, 0, 7)})


def sums(installation: Installation, currency: str | None = None) -> dict[str, dict[str, int]]:
    """Return debit minus credit by currency and account, of the bank journal if `currency` is given.

    Each day balances in each currency.
    """
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for first in firsts():
        with installation.sessions() as session:
            journal = (
                read_bank_journal(session, first, HERE, currency)
                if currency
                else read_journal(session, first, HERE)
            )
        each_day_balances(journal)
        for line in journal.lines:
            found[line.currency][line.account] += line.debit - line.credit
    return {name: dict(accounts) for name, accounts in found.items()}


def each_day_balances(journal: Journal) -> None:
    left: dict[tuple[date, str], int] = defaultdict(int)
    for line in journal.lines:
        assert line.debit >= 0 and line.credit >= 0 and (line.debit == 0) != (line.credit == 0)  # noqa: PT018 - one line
        left[line.day, line.currency] += line.debit - line.credit
    assert not any(left.values()), dict(left)


def test_the_bank_journal_has_the_gift_at_its_settled_value_and_the_refund_at_its_share(
    bank: Bank, installation: Installation
) -> None:
    bank.stripe.set_settlement("cad", {"usd": "1.37"})
    session = bank.give("100")
    bank.stripe.pay(session)
    bank.stripe.set_settlement("cad", {"usd": "1.4"})
    bank.stripe.refund(session, 5_000)
    catch_up(bank)
    found = sums(installation, "cad")
    assert list(found) == ["cad"]
    # 137.00 less 68.50 of it; the refund cost 70.00 at the later rate.
    assert found["cad"] == {
        STRIPE: 13_700 - 7_000 - 427,
        GIVEN: -6_850,
        GAINS: 150,
        "Card fees": 427,
    }
    assert sums(installation, "usd") == {}
    both = sums(installation)
    assert both["usd"] == {STRIPE: 0, GIVEN: -5_000, GAINS: 5_000}
    assert both["cad"] == {STRIPE: 13_700 - 7_000 - 427, GAINS: -6_700, "Card fees": 427}


def test_a_gift_refunded_in_parts_leaves_no_cent_of_itself(
    bank: Bank, installation: Installation
) -> None:
    bank.stripe.set_settlement("cad", {"usd": "1.33337"})
    session = bank.give("10", cover_fees="yes")
    bank.stripe.pay(session)
    for amount in (333, 333, None):
        bank.stripe.refund(session, amount)
    catch_up(bank)
    found = sums(installation, "cad")["cad"]
    assert (found[GIVEN], found["Fees covered by donors"]) == (0, 0)
    assert found[STRIPE] == bank.balance("cad")
    assert sums(installation)["usd"] == {
        STRIPE: 0, GIVEN: 0, GAINS: 0, "Fees covered by donors": 0,
    }  # fmt: skip


def test_a_debit_that_the_bank_takes_back_leaves_the_exchange_alone(
    bank: Bank, installation: Installation
) -> None:
    bank.stripe.set_settlement("cad", {"usd": "1.37"})
    session = bank.give("100")
    bank.stripe.pay(session, bank="succeeds")
    bank.stripe.settle(session)
    bank.stripe.set_settlement("cad", {"usd": "1.3"})
    bank.stripe.take_back(session)
    catch_up(bank)
    found = sums(installation, "cad")["cad"]
    assert (found[GIVEN], found[GAINS], found[STRIPE]) == (0, -700, bank.balance("cad"))


def test_a_gift_in_the_accounts_own_currency_is_not_exchanged(
    bank: Bank, installation: Installation
) -> None:
    bank.stripe.set_settlement("usd", {"eur": "1.1"})
    bank.stripe.pay(bank.give("100"))
    catch_up(bank)
    both, alone = sums(installation), sums(installation, "usd")
    assert both == alone
    assert list(both) == ["usd"]
    assert GAINS not in both["usd"]


def each_balance_is_stripes(bank: Bank, installation: Installation) -> None:
    """Check the journal in both currencies and in each bank's alone: balance at Stripe, and in the bank."""
    both = sums(installation)
    for currency, accounts in both.items():
        assert accounts.get(STRIPE, 0) == bank.balance(currency), currency
    for currency in ("cad", "jpy", "kwd", "usd", "eur"):
        alone = sums(installation, currency).get(currency, {})
        assert alone.get(STRIPE, 0) == bank.balance(currency), currency
        assert alone.get(BANK, 0) == both.get(currency, {}).get(BANK, 0)
    bank.require_order()


def test_a_refund_in_the_gifts_currency_of_a_converted_gift_leaves_the_bank_nothing(
    bank: Bank, installation: Installation
) -> None:
    bank.stripe.set_settlement("cad", {"usd": "1.37"})
    session = bank.give("100")
    bank.stripe.pay(session)
    bank.stripe.set_settlement("usd", {})
    bank.stripe.refund(session, 5_000)
    catch_up(bank)
    each_balance_is_stripes(bank, installation)
    # Half of the value is no gift any more, but stays with Stripe: what went is dollars.
    assert sums(installation, "cad")["cad"] == {
        STRIPE: 13_700 - 427, GIVEN: -6_850, GAINS: -6_850, "Card fees": 427,
    }  # fmt: skip
    assert sums(installation, "usd") == {"usd": {STRIPE: -5_000, GAINS: 5_000}}


@pytest.mark.parametrize(("won", "adjusted"), [(True, -30), (False, 30), (False, 0)])
@pytest.mark.parametrize("first", ["cad", "usd"])
@pytest.mark.parametrize("last", ["cad", "usd", "jpy"])
def test_a_dispute_may_move_in_another_currency_than_the_payment(
    bank: Bank, installation: Installation, first: str, last: str, *, adjusted: int, won: bool
) -> None:
    rates = {"usd": "1.37"}
    bank.stripe.set_settlement(first, rates)
    session = bank.give("100")
    bank.stripe.pay(session)
    bank.stripe.set_settlement(last, rates)
    dispute(bank, session, won=won, adjusted=adjusted)
    catch_up(bank)
    each_balance_is_stripes(bank, installation)


@pytest.mark.parametrize(("taken", "returned"), list(permutations(["usd", "cad", "jpy"], 2)))
@pytest.mark.parametrize("paid", ["usd", "cad"])
def test_a_dispute_may_return_in_another_currency_than_it_took(
    bank: Bank, installation: Installation, paid: str, taken: str, returned: str
) -> None:
    rates = {"usd": "1.37"}
    bank.stripe.set_settlement(paid, rates)
    session = bank.give("100")
    bank.stripe.pay(session)
    bank.stripe.set_settlement(taken, rates)
    opened = bank.stripe.dispute(session)
    catch_up(bank)
    each_balance_is_stripes(bank, installation)
    bank.stripe.set_settlement(returned, rates)
    bank.stripe.close_dispute(opened["id"], won=True)
    catch_up(bank)
    each_balance_is_stripes(bank, installation)


@pytest.mark.parametrize("paid", ["usd", "cad"])
@pytest.mark.parametrize("order", list(permutations(["usd", "cad", "jpy"])))
def test_each_refund_of_a_gift_may_move_in_a_currency_of_its_own(
    bank: Bank, installation: Installation, paid: str, order: Sequence[str]
) -> None:
    rates = {"usd": "1.33337"}
    bank.stripe.set_settlement(paid, rates)
    session = bank.give("100", cover_fees="yes")
    bank.stripe.pay(session)
    for amount, currency in zip((1_234, 3_333, None), order, strict=True):
        bank.stripe.set_settlement(currency, rates)
        bank.stripe.refund(session, amount)
    catch_up(bank)
    each_balance_is_stripes(bank, installation)
    bank.stripe.set_settlement("usd", {})
    bank.stripe.end_refund(bank.stripe.objects("refund")[0]["id"], fail=True)
    catch_up(bank)
    each_balance_is_stripes(bank, installation)


ACTION = st.one_of(
    # Also where the bank is paid in yen, at any of these rates, Stripe takes 60 of each currency.
    st.tuples(st.just("give"), st.sampled_from(CURRENCIES), st.integers(60, 900), st.booleans()),
    st.tuples(st.just("refund"), st.integers(0, 9), st.integers(1, 100), st.booleans()),
    st.tuples(
        st.just("settle"), st.sampled_from(["cad", "jpy", "kwd", "usd"]), st.integers(70, 130)
    ),
    st.tuples(st.just("payout"), st.sampled_from(["cad", "jpy", "kwd", "usd", "eur"])),
    st.tuples(st.just("dispute"), st.integers(0, 9), st.booleans(), st.integers(-90, 90)),
    st.tuples(st.just("version"), st.sampled_from(["", *OTHER_VERSIONS])),
    st.tuples(st.just("link"), st.integers(200, 9_000), st.booleans()),
    st.tuples(st.just("catch up")),
)


def act(bank: Bank, action: tuple[Any, ...], paid: list[str]) -> None:
    """Do one thing at Stripe; what Stripe refuses is no matter."""
    what, *how = action
    if what == "give":
        currency, amount, cover = how
        whole = amount * 500 if currency == "jpy" else amount
        fields = {"cover_fees": "yes"} if cover else {}
        session = bank.give(str(whole), campaign=f"in-{currency}", **fields)
        bank.stripe.pay(session)
        paid.append(session)
    elif what == "refund" and paid:
        number, percent, _ = how
        charge = bank.stripe.charge_of(paid[number % len(paid)])
        amount = (charge["amount"] - charge["amount_refunded"]) * percent // 100
        with suppress(Refused):
            bank.stripe.refund(charge["id"], amount)
    elif what == "dispute" and paid:
        dispute(bank, paid[how[0] % len(paid)], won=how[1], adjusted=how[2])
    elif what == "settle":
        currency, percent = how
        rates = {one: f"{float(rate) * percent / 100:.6f}" for one, rate in RATES.items()}
        bank.stripe.set_settlement(currency, rates)
    elif what == "payout" and bank.balance(how[0]) > 0:
        bank.stripe.payout(how[0])
    elif what == "version":
        bank.wording = how[0]
    elif what == "link":
        pay_link_and_take_in(bank, how[0], reported_first=how[1])
    elif what == "catch up":
        catch_up(bank)


def pay_link_and_take_in(bank: Bank, amount: int, *, reported_first: bool) -> None:
    """Somebody pays by a Payment Link; staff take it in, before or after its events have come."""
    paid = bank.stripe.pay_link(amount)
    if reported_first:
        bank.deliver()
    take_in(bank.installation, paid["id"], AdoptionOrder("in-usd"), Actor.command_line())


def dispute(bank: Bank, session: str, *, won: bool, adjusted: int) -> None:
    """Dispute what is left of a payment, decide it at once, and move a little more for it."""
    with suppress(Refused):
        opened = bank.stripe.dispute(session)
        bank.stripe.close_dispute(opened["id"], won=won)
        if adjusted:
            bank.stripe.adjust_dispute(opened["id"], adjusted)


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(actions=st.lists(ACTION, min_size=3, max_size=10))
def test_whatever_happens_the_stripe_balance_is_what_stripe_holds(
    bank: Bank, installation: Installation, actions: list[tuple[Any, ...]]
) -> None:
    # The gifts of earlier examples stay: every example is another stretch of one history.
    with installation.sessions() as session:
        known = session.scalars(select(Campaign.slug)).all()
    for currency in CURRENCIES:
        if f"in-{currency}" not in known:
            add_campaign(installation, slug=f"in-{currency}", currency=currency, goal="500000")
    paid: list[str] = []
    for action in actions:
        act(bank, action, paid)
    catch_up(bank)
    each_balance_is_stripes(bank, installation)


def words(page: str) -> str:
    """Return the text of a page without its tags."""
    return re.sub(r"<[^>]+>", "", page)


def test_a_fee_in_the_banks_currency_is_nowhere_read_as_the_gifts(
    bank: Bank, installation: Installation, staff: StaffMaker
) -> None:
    bank.stripe.set_settlement("jpy", {"usd": "149.5"})
    bank.stripe.pay(bank.give("100"))
    catch_up(bank)
    bank.stripe.payout()
    catch_up(bank)
    client = staff(StaffRole.finance)
    gift = words(client.get(f"/staff/donations/{bank.donation().public_id}").text)
    assert "¥464 JPY" in gift  # 2.9 % of 14,950 yen, and 30
    assert "Payment: ¥14,950 JPY at 149.5" in gift
    assert "$464" not in gift and "$4.64" not in gift  # noqa: PT018 - one line
    report = client.get("/staff/c/nine-days/report").text
    assert "¥464" in report
    assert "$4.64" not in report
    listed = client.get("/staff/payouts").text
    (payout,) = bank.stripe.objects("payout")
    page = client.get(f"/staff/payouts/{payout['id']}").text
    assert "¥14,486" in listed
    assert "converted from USD at 149.5" in page
    (item,) = client.get(f"/staff/payouts/{payout['id']}/items.csv").text.splitlines()[1:]
    assert item.endswith(",usd,1.495")
    assert ",14950,464,14486,jpy," in item
    (donation,) = client.get("/staff/exports/donations.csv").text.splitlines()[1:]
    assert donation.endswith(",14950,jpy,1.495")
    month = client.get(f"/staff/books/{TODAY:%Y-%m}").text
    assert "Monthly totals in USD" in month
    assert "Monthly totals at settled value, in JPY" in month
