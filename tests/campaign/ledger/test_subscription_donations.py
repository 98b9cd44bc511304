"""The first donation of a monthly gift, one donation per invoice, and how amounts are split."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from campaign.core.errors import NotFound
from campaign.gateway import Invoice, read_invoice
from campaign.ledger.subscription_donations import (
    find_subscription,
    first_donation,
    first_donation_id,
    get_or_create_subscription,
    get_subscription_by_stripe_id,
    list_paid_donations,
    renewal_donation,
    split_amount,
)
from campaign.models import Donation, Subscription
from campaign.runtime.context import Installation
from tests.support.stripe import Facts

Give = Callable[..., Facts]
AT = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def monthly(installation: Installation, give: Give) -> Facts:
    """An active monthly gift of $25 plus $1.06 for fees."""
    facts = give(frequency="monthly", fee_cover=106, code="article-7", anonymous=True)
    with installation.sessions.begin() as session:
        first = session.get_one(Donation, facts.donation.id)
        get_or_create_subscription(session, first, facts.subscription)
    return facts


def renew(
    installation: Installation, facts: Facts, invoice: Invoice, charged_at: datetime = AT
) -> Donation:
    with installation.sessions.begin() as session:
        first = session.get_one(Donation, facts.donation.id)
        subscription = get_subscription_by_stripe_id(session, facts.subscription)
        return renewal_donation(session, first, subscription, invoice, charged_at)


@pytest.mark.parametrize(
    ("total", "noted", "parts"),
    [
        (2606, (2500, 106), (2500, 106)),
        (2606, (2600, 6), (2600, 6)),
        (2606, (2606, 0), (2606, 0)),
        (2606, (2500, 105), (2500, 106)),
        (2606, (2500, None), (2500, 106)),
        (2606, (None, None), (2500, 106)),
        (2606, (0, 2606), (2500, 106)),
        (2605, (2500, 106), (2605, 0)),
        (9900, (None, None), (9900, 0)),
    ],
)
def test_a_total_splits_as_noted_else_as_agreed_else_all_is_the_gift(
    total: int, noted: tuple[int | None, int | None], parts: tuple[int, int]
) -> None:
    agreed = Subscription(amount=2500, fee_cover=106)
    assert split_amount(total, noted, agreed) == parts
    assert sum(parts) == total


def test_joining_again_creates_no_second_subscription(
    installation: Installation, monthly: Facts
) -> None:
    with installation.sessions.begin() as session:
        first = session.get_one(Donation, monthly.donation.id)
        known = first.subscription_id
        again = get_or_create_subscription(session, first, monthly.subscription)
        assert again.id == known
        other = get_or_create_subscription(session, first, "sub_other")
        assert (other.id != known, first.subscription_id) == (True, known)
        assert (again.amount, again.fee_cover, again.state) == (2500, 106, "active")


def test_a_repeated_invoice_is_one_donation(installation: Installation, monthly: Facts) -> None:
    invoice = read_invoice(monthly.invoice("second"))
    one, two = (renew(installation, monthly, invoice) for _ in range(2))
    assert (one.id, one.public_id) == (two.id, two.public_id)
    assert (one.amount, one.fee_cover, one.state, one.created_at) == (2500, 106, "pending", AT)
    assert (one.code, one.anonymous, one.email, one.frequency) == (
        "article-7",
        True,
        "ana@example.org",
        "monthly",
    )
    other = renew(installation, monthly, replace(invoice, id="in_third"))
    assert other.id != one.id
    with installation.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Donation)) == 3


def test_a_renewal_uses_the_invoices_split_before_the_agreed_one(
    installation: Installation, monthly: Facts
) -> None:
    invoice = replace(
        read_invoice(monthly.invoice("second")), amount_paid=4151, gift=4000, fee_cover=151
    )
    found = renew(installation, monthly, invoice)
    assert (found.amount, found.fee_cover) == (4000, 151)


def test_the_first_donation_stays_the_first(installation: Installation, monthly: Facts) -> None:
    renew(installation, monthly, read_invoice(monthly.invoice("second")), AT - timedelta(days=99))
    with installation.sessions() as session:
        subscription = get_subscription_by_stripe_id(session, monthly.subscription)
        assert first_donation(session, subscription).id == monthly.donation.id
        assert first_donation_id(session, monthly.subscription) == monthly.donation.public_id
        assert first_donation_id(session, "sub_unknown") is None


def test_its_gifts_are_the_paid_ones_newest_charge_first(
    installation: Installation, monthly: Facts
) -> None:
    ids = []
    for name, days in (("second", 30), ("third", 60), ("fourth", 60), ("fifth", 90)):
        made = renew(installation, monthly, read_invoice(monthly.invoice(name)))
        ids.append(made.id)
        with installation.sessions.begin() as session:
            found = session.get_one(Donation, made.id)
            found.charged_at = AT + timedelta(days=days)
            found.paid_at = None if name == "fifth" else AT
    with installation.sessions() as session:
        subscription = get_subscription_by_stripe_id(session, monthly.subscription)
        assert [one.id for one in list_paid_donations(session, subscription)] == [
            ids[2],
            ids[1],
            ids[0],
        ]


def test_it_is_found_by_its_token_and_by_its_stripe_id(
    installation: Installation, monthly: Facts
) -> None:
    with installation.sessions() as session:
        token = get_subscription_by_stripe_id(session, monthly.subscription).token
        assert find_subscription(session, token).campaign.slug == "nine-days"
        for other in ("", monthly.subscription, token.swapcase()):
            with pytest.raises(NotFound, match="no monthly gift at this address"):
                find_subscription(session, other)
        with pytest.raises(NotFound, match="Subscription ids start with sub_"):
            get_subscription_by_stripe_id(session, token)


def test_a_renewal_is_a_gift_like_the_first(installation: Installation, give: Give) -> None:
    facts = give(
        frequency="monthly",
        fee_cover=106,
        name="Ana Reyes",
        locale="es",
        code="article-7",
        anonymous=True,
        tribute_kind="memory",
        tribute_name="Rosa Reyes",
        comment="Thank you",
        consent_wording="Email me",
    )
    with installation.sessions.begin() as session:
        first = session.get_one(Donation, facts.donation.id)
        subscription = get_or_create_subscription(session, first, facts.subscription)
    found = renew(installation, facts, read_invoice(facts.invoice("second")))
    assert (found.campaign_id, found.donor_id) == (first.campaign_id, first.donor_id)
    assert (found.subscription_id, found.invoice_id) == (
        subscription.id,
        f"in_{facts.number}_second",
    )
    assert (found.frequency, found.currency, found.state) == ("monthly", "usd", "pending")
    assert (found.amount, found.fee_cover) == (2500, 106)
    assert (found.email, found.name, found.locale) == ("ana@example.org", "Ana Reyes", "es")
    assert (found.anonymous, found.code) == (True, "article-7")
    assert (found.tribute_kind, found.tribute_name) == ("memory", "Rosa Reyes")
    assert (found.comment, found.consent_wording) == ("", ""), "those were about the first"
    assert found.created_at == AT
    assert {found.public_id, found.token}.isdisjoint({first.public_id, first.token})
    assert found.attempt != first.attempt


def test_a_subscription_begins_as_its_first_gift_was_agreed(
    installation: Installation, give: Give
) -> None:
    facts = give(frequency="yearly", fee_cover=106)
    with installation.sessions.begin() as session:
        first = session.get_one(Donation, facts.donation.id)
        found = get_or_create_subscription(session, first, facts.subscription)
        assert (found.stripe_id, found.frequency) == (facts.subscription, "yearly")
        assert (found.campaign_id, found.donor_id) == (first.campaign_id, first.donor_id)
        assert (found.amount, found.fee_cover, found.currency) == (2500, 106, "usd")
        assert first.subscription_id == found.id


def test_each_monthly_gift_has_its_own_gifts(
    installation: Installation, monthly: Facts, give: Give
) -> None:
    other = give("ben@example.org", frequency="monthly")
    with installation.sessions.begin() as session:
        first = session.get_one(Donation, other.donation.id)
        get_or_create_subscription(session, first, other.subscription)
        for number in (monthly.donation.id, other.donation.id):
            gift = session.get_one(Donation, number)
            gift.paid_at = gift.charged_at = AT
    with installation.sessions() as session:
        for facts in (monthly, other):
            found = get_subscription_by_stripe_id(session, facts.subscription)
            mine = facts.donation
            assert first_donation(session, found).id == mine.id
            assert first_donation_id(session, facts.subscription) == mine.public_id
            assert [one.id for one in list_paid_donations(session, found)] == [mine.id]


@pytest.mark.parametrize("gift", [0, None, -1])
def test_a_noted_gift_of_nothing_is_not_used(gift: int | None) -> None:
    agreed = Subscription(amount=2500, fee_cover=106)
    assert split_amount(5000, (gift, 5000), agreed) == (5000, 0)
