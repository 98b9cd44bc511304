"""The list of what nobody knows: page by page, without what began here, is booked or is left alone."""

import pytest

from campaign.adoption.unknown import AccountFilter, iterate, read_page
from campaign.models import AccountObject, LeftAlone
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def everything(bank: Bank, asked: AccountFilter) -> list[str]:
    return [one.stripe_id for _, one in iterate(bank.installation, asked) if one]


def test_pages_continue_where_the_last_one_ended(bank: Bank) -> None:
    made = [bank.stripe.charge_customer(100 + n)["id"] for n in range(5)][::-1]
    found, after = [], None
    while True:
        page = read_page(bank.installation, AccountFilter(), after, limit=2, chunks=1)
        found += [one.stripe_id for one in page.found]
        after = page.after
        if after is None:
            break
    assert found == made == everything(bank, AccountFilter())


def test_what_began_here_is_not_unknown(bank: Bank) -> None:
    bank.stripe.pay(bank.give())
    bank.stripe.pay(bank.give(frequency="monthly"))
    subscriptions = AccountFilter(AccountObject.subscription)
    assert everything(bank, AccountFilter()) == everything(bank, subscriptions) == []
    bank.deliver()
    assert everything(bank, AccountFilter()) == everything(bank, subscriptions) == []


def test_what_is_left_alone_is_listed_apart(bank: Bank) -> None:
    shop = bank.shop()["payment_intent"]
    with bank.installation.sessions.begin() as session:
        session.add(LeftAlone(stripe_id=shop, left_by="Fay"))
    assert everything(bank, AccountFilter()) == []
    assert everything(bank, AccountFilter(left=True)) == [shop]


def test_a_canceled_subscription_and_what_was_given_back_are_shown(bank: Bank) -> None:
    made = bank.stripe.subscribe(900, interval="year")
    bank.stripe.cancel_subscription(made["id"])
    intent = bank.stripe.charge_customer(800)
    bank.stripe.refund(intent["id"], 300)
    (subscription,) = read_page(
        bank.installation, AccountFilter(AccountObject.subscription), None, limit=5, chunks=1
    ).found
    assert (subscription.status, subscription.frequency, subscription.amount) == (
        "canceled",
        "yearly",
        900,
    )
    (payment,) = read_page(bank.installation, AccountFilter(), None, limit=5, chunks=1).found
    assert (payment.given_back, payment.payer.name) == (300, "Dora Dash")
