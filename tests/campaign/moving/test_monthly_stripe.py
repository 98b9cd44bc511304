"""Recurring gifts of this Stripe account: found by what a file says of them, and adopted with their past."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from campaign.adoption.facts import AdoptionRefused
from campaign.audit.audit_log import Actor
from campaign.core.errors import GatewayUnavailable, NotFound
from campaign.models import (
    Campaign,
    Donation,
    LedgerEntry,
    OutboxMessage,
    PastGift,
    Receipt,
    Subscription,
)
from campaign.moving import monthly_stripe
from campaign.moving.archive import archive_slug
from campaign.moving.monthly_rows import MonthlyRow
from campaign.moving.monthly_stripe import AccountIndex, adopt_monthly, is_adopted
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.past_gifts import bring_over
from tests.support.reconciliation import Bank

RENEWALS_FAIL = "4000000000000341"


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def row(**changes: Any) -> MonthlyRow:
    """Return a row that says no more than $7 a month."""
    wanted: dict[str, Any] = {
        **dict.fromkeys(("external_id", "subscription", "customer", "email", "name"), ""),
        "line": 2,
        "locale": "en",
        "amount": 700,
        "currency": "usd",
        "frequency": "monthly",
        "active": True,
        "processor": "stripe",
    }
    return MonthlyRow(**{**wanted, **changes})


def index(bank: Bank) -> AccountIndex:
    return AccountIndex.read(bank.installation.gateway)


def adopted(bank: Bank, stripe_id: str, slug: str = "") -> int:
    return adopt_monthly(bank.installation, stripe_id, slug, Actor.command_line())


def test_only_running_monthly_and_yearly_gifts_are_listed(bank: Bank) -> None:
    monthly, yearly = bank.stripe.subscribe(700), bank.stripe.subscribe(6000, interval="year")
    weekly, ended = bank.stripe.subscribe(100, interval="week"), bank.stripe.subscribe(800)
    bank.stripe.cancel_subscription(ended["id"])
    found = index(bank)
    assert set(found.by_id) == {monthly["id"], yearly["id"]}
    for gone in (weekly, ended):
        assert not found.find(row(subscription=gone["id"], customer=gone["customer"]))


def test_a_row_is_found_by_its_subscription_before_its_customer(bank: Bank) -> None:
    first, second = bank.stripe.subscribe(700), bank.stripe.subscribe(900)
    found = index(bank)
    assert found.find(row(subscription=first["id"], customer=second["customer"])) == [first["id"]]
    assert found.find(row(subscription="sub_gone", customer=second["customer"])) == [second["id"]]
    assert not found.find(row(subscription="sub_gone", customer="cus_gone"))


def test_an_id_in_the_metadata_counts_if_one_subscription_has_it(bank: Bank) -> None:
    made = bank.stripe.subscribe(700, metadata={"plan": "plan-9", "again": "plan-9"})
    assert list(index(bank).find(row(external_id="plan-9"))) == [made["id"]]
    assert not index(bank).find(row(external_id="plan-8"))
    bank.stripe.subscribe(700, metadata={"order": "plan-9"})
    assert not index(bank).find(row(external_id="plan-9"))


@pytest.mark.parametrize(
    ("changes", "is_found"),
    [
        ({}, True),
        ({"amount": 701}, False),
        ({"currency": "eur"}, False),
        ({"frequency": "yearly"}, False),
        ({"email": "bo@example.org"}, False),
        ({"email": ""}, False),
    ],
)
def test_by_its_words_a_row_is_found_if_all_agree(
    bank: Bank, changes: dict[str, Any], is_found: bool
) -> None:
    made = bank.stripe.subscribe(700)
    found = index(bank).find(row(**{"email": "MONA@example.org", **changes}))
    assert list(found) == ([made["id"]] if is_found else [])


def test_words_that_two_subscriptions_share_find_neither(bank: Bank) -> None:
    made = bank.stripe.subscribe(700)
    bank.stripe.subscribe(800)
    assert list(index(bank).find(row(email="mona@example.org"))) == [made["id"]]
    bank.stripe.subscribe(700)
    assert not index(bank).find(row(email="mona@example.org"))


def test_its_paid_invoices_become_past_gifts_once_and_nobody_is_mailed(bank: Bank) -> None:
    made = bank.stripe.subscribe(700)["id"]
    bank.stripe.advance(days=32)
    assert not is_adopted(bank.installation, made)
    assert adopted(bank, made) == 2
    assert is_adopted(bank.installation, made)
    assert adopted(bank, made) == 0
    with bank.installation.sessions() as session:
        past = session.scalars(select(PastGift).order_by(PastGift.installment)).all()
        assert [(one.installment, one.plan_ref, one.method) for one in past] == [
            (1, made, "stripe"),
            (2, made, "stripe"),
        ]
        assert [one.donation.amount for one in past] == [700, 700]
        assert not session.scalars(select(OutboxMessage)).all()
        assert not session.scalars(select(Receipt)).all()
    bank.require_order()


@pytest.mark.parametrize(("interval", "frequency"), [("month", "monthly"), ("year", "yearly")])
def test_its_past_gifts_have_its_frequency(bank: Bank, interval: str, frequency: str) -> None:
    assert adopted(bank, bank.stripe.subscribe(700, interval=interval)["id"]) == 1
    with bank.installation.sessions() as session:
        assert session.scalars(select(Donation.frequency)).all() == [frequency]


def test_without_a_campaign_it_belongs_to_the_archive_of_its_currency(bank: Bank) -> None:
    adopted(bank, bank.stripe.subscribe(700)["id"])
    query = select(Campaign.slug).join(Subscription, Subscription.campaign_id == Campaign.id)
    with bank.installation.sessions() as session:
        assert session.scalars(query).all() == [archive_slug("usd")]


def test_with_a_campaign_later_payments_count_for_it_and_past_ones_do_not(bank: Bank) -> None:
    adopted(bank, bank.stripe.subscribe(700)["id"], "nine-days")
    bank.stripe.advance(days=32)
    bank.deliver()
    query = select(Campaign.slug).join(Donation, Donation.campaign_id == Campaign.id)
    with bank.installation.sessions() as session:
        slugs = session.scalars(query.order_by(Donation.id)).all()
    assert slugs == [archive_slug("usd"), "nine-days"]
    bank.require_order()


def test_a_campaign_in_another_currency_is_refused_before_anything_is_kept(bank: Bank) -> None:
    made = bank.stripe.subscribe(700, currency="eur")["id"]
    with pytest.raises(AdoptionRefused, match="in EUR, but nine-days is in USD"):
        adopted(bank, made, "nine-days")
    with bank.installation.sessions() as session:
        assert not session.scalars(select(PastGift)).all()


def test_what_was_refunded_before_is_a_refund_of_the_past(bank: Bank) -> None:
    made = bank.stripe.subscribe(700)["id"]
    bank.stripe.refund(bank.stripe.objects("charge")[0]["id"], 200)
    assert adopted(bank, made) == 1
    bank.deliver()
    assert bank.entries() == [("payment", 700, 0), ("refund", -200, 0)]
    bank.require_order()


def test_an_invoice_that_was_paid_in_parts_is_booked_as_it_is(bank: Bank) -> None:
    made = bank.stripe.subscribe(700, card=RENEWALS_FAIL)["id"]
    bank.stripe.advance(days=32)
    invoice = bank.stripe.objects("invoice")[0]["id"]
    for part in (300, 400):
        bank.stripe.pay_part(invoice, part)
    assert adopted(bank, made) == 1
    with bank.installation.sessions() as session:
        past = session.scalars(select(LedgerEntry.past).order_by(LedgerEntry.id))
        assert list(past)[:2] == [True, False]
    bank.deliver()
    assert [amount for kind, amount, _ in bank.entries() if kind == "payment"] == [700, 700]
    bank.require_order()


def test_an_unknown_campaign_is_refused_before_anything_is_kept(bank: Bank) -> None:
    with pytest.raises(NotFound):
        adopted(bank, bank.stripe.subscribe(700)["id"], "nowhere")
    with bank.installation.sessions() as session:
        assert not session.scalars(select(PastGift)).all()


def test_repeated_it_goes_on_where_it_ended(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    made = bank.stripe.subscribe(700)["id"]

    def out_of_reach(*_: object) -> None:
        raise GatewayUnavailable("Stripe cannot be reached.")

    with monkeypatch.context() as broken:
        broken.setattr(monthly_stripe, "take_in", out_of_reach)
        with pytest.raises(GatewayUnavailable):
            adopted(bank, made)
    assert not is_adopted(bank.installation, made)
    assert adopted(bank, made) == 0
    assert is_adopted(bank.installation, made)
    assert bank.entries() == [("payment", 700, 0)]
    bank.require_order()


def test_without_a_paid_invoice_there_is_nothing_to_adopt_yet(bank: Bank) -> None:
    made = bank.stripe.subscribe(0)["id"]
    with pytest.raises(AdoptionRefused, match="has no paid invoice yet"):
        adopted(bank, made)
    assert not is_adopted(bank.installation, made)


def test_a_single_payment_is_no_recurring_gift(bank: Bank) -> None:
    intent = bank.stripe.charge_customer(2500)["id"]
    with pytest.raises(AdoptionRefused):
        adopted(bank, intent)
    with bank.installation.sessions() as session:
        assert not session.scalars(select(Donation)).all()


@pytest.mark.parametrize("known", ["pi", "neither"])
def test_payments_that_a_file_brought_before_are_the_subscriptions(
    bank: Bank, tmp_path: Path, known: str
) -> None:
    made = bank.stripe.subscribe(700)
    intent = bank.stripe.objects("payment_intent")[0]
    path = tmp_path / "gifts.csv"
    name = intent["id"] if known == "pi" else ""
    day = bank.stripe.now()
    path.write_text(
        f"id,date,total,currency,email,payment_intent\n1,{day},7.00,usd,mona@example.org,{name}\n"
    )
    bring_over(bank.installation, path, preset="plain", system="old-crm")
    assert adopted(bank, made["id"]) == (0 if known == "pi" else 1)
    assert is_adopted(bank.installation, made["id"])
    with bank.installation.sessions() as session:
        (gift,) = session.scalars(select(Donation)).all()
        assert (gift.payment_intent_id, gift.subscription_id is not None) == (intent["id"], True)
    bank.deliver()
    bank.require_order()
    assert len(bank.entries()) == 1
