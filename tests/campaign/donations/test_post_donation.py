"""After a gift: the offer of a monthly gift, and closing the page on a shared computer."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.core.errors import NotFound
from campaign.donations.post_donation import (
    PAGE_LIFETIME,
    close_page,
    decline_offer,
    is_page_closed,
    monthly_offer,
    suggested_monthly_amount,
)
from campaign.models import Campaign, Donation
from campaign.runtime.context import Installation
from tests.support.campaigns import add_campaign
from tests.support.donors import add_donation, add_donor, add_subscription

BLINK = timedelta(microseconds=1)


@pytest.fixture
def winter(installation: Installation, session: Session) -> Campaign:
    return session.get_one(Campaign, add_campaign(installation).id)


def given(session: Session, campaign: Campaign, **changes: Any) -> Donation:
    """A gift of $25 by Ana."""
    return add_donation(session, campaign, add_donor(session, "ana@example.org"), **changes)


@pytest.mark.parametrize(
    ("currency", "given", "offered"),
    [
        ("usd", 2_500, 300),
        ("usd", 500, 100),
        ("usd", 150, 0),
        ("usd", 100_000, 10_000),
        ("usd", 123_400, 12_500),
        ("jpy", 2_500, 250),
        ("jpy", 60, 0),
    ],
)
def test_the_offer_is_a_tenth_in_round_amounts(currency: str, given: int, offered: int) -> None:
    assert (
        suggested_monthly_amount(given, Campaign(currency=currency, smallest_amount=50)) == offered
    )


@pytest.mark.parametrize(
    ("changes", "offered"),
    [
        ({}, 300),
        ({"frequency": "monthly"}, 0),
        ({"state": "partially_refunded"}, 0),
        ({"state": "pending"}, 0),
        ({"offer_declined_at": now()}, 0),
    ],
)
def test_a_monthly_gift_is_offered_after_a_paid_one_time_gift(
    session: Session, winter: Campaign, changes: dict[str, Any], offered: int
) -> None:
    assert monthly_offer(session, given(session, winter, **changes), now()) == offered


def test_nothing_is_offered_that_cannot_be_given_now(session: Session, winter: Campaign) -> None:
    gift = given(session, winter)
    assert monthly_offer(session, gift, winter.deadline - BLINK) == 300
    assert monthly_offer(session, gift, winter.deadline) == 0
    winter.paused_at, winter.pause_reason = now(), "Card testing"
    assert monthly_offer(session, gift, now()) == 0


def test_only_the_donors_own_active_monthly_gift_prevents_the_offer(
    session: Session, winter: Campaign
) -> None:
    gift = given(session, winter)
    add_subscription(session, winter, gift.donor, ended=True)
    add_subscription(session, winter, add_donor(session, "ben@example.org"))
    assert monthly_offer(session, gift, now()) == 300
    add_subscription(session, winter, gift.donor, state="paused")
    assert monthly_offer(session, gift, now()) == 0


def test_no_offer_is_below_the_smallest_amount() -> None:
    campaign = Campaign(currency="usd", smallest_amount=550)
    assert suggested_monthly_amount(1_200, campaign) == 600
    assert suggested_monthly_amount(1_199, campaign) == 0


def test_an_offer_is_declined_once(session: Session, winter: Campaign) -> None:
    gift, first = given(session, winter), now()
    for later in range(2):
        decline_offer(session, gift.token, first + timedelta(hours=later))
    assert gift.offer_declined_at == first
    with pytest.raises(NotFound):
        decline_offer(session, "nobody", first)


def test_only_a_shared_computers_page_is_closed_and_only_once(
    session: Session, winter: Campaign
) -> None:
    own = given(session, winter)
    shared = add_donation(session, winter, own.donor, shared_computer=True)
    first = now()
    for later in range(2):
        for one in (own, shared):
            close_page(session, one.token, first + timedelta(minutes=later))
    assert (own.page_closed_at, shared.page_closed_at) == (None, first)
    assert not is_page_closed(own, first + timedelta(days=9))
    assert is_page_closed(shared, first)
    with pytest.raises(NotFound):
        close_page(session, "nobody", first)


@pytest.mark.parametrize("state", ["paid", "processing", "failed", "expired"])
def test_a_shared_computers_page_stays_open_for_15_minutes(
    session: Session, winter: Campaign, state: str
) -> None:
    promised, known = now() - timedelta(days=4), now()
    paid_at = known if state == "paid" else None
    gift = given(
        session, winter, state=state, shared_computer=True, charged_at=promised, paid_at=paid_at
    )
    since = paid_at or promised
    assert not is_page_closed(gift, since + PAGE_LIFETIME)
    assert is_page_closed(gift, since + PAGE_LIFETIME + BLINK)


@pytest.mark.parametrize("state", ["pending", "declined"])
def test_a_shared_computers_page_waiting_for_stripe_stays_open_until_closed(
    session: Session, winter: Campaign, state: str
) -> None:
    gift = given(session, winter, state=state, shared_computer=True, charged_at=None, paid_at=None)
    assert not is_page_closed(gift, now() + timedelta(days=9))
    close_page(session, gift.token, now())
    assert is_page_closed(gift, now())


@pytest.mark.parametrize(
    ("given", "offered"),
    [
        (199, 0),  # a dollar would be more than half
        (200, 100),
        (1_499, 100),
        (1_500, 200),  # half a dollar is rounded up
        (19_499, 1_900),
        (19_500, 2_000),  # from twenty dollars on in fives
        (22_499, 2_000),
        (22_500, 2_500),
        (27_400, 2_500),
        (27_500, 3_000),
    ],
)
def test_the_offer_is_rounded_to_whole_dollars_and_then_to_fives(given: int, offered: int) -> None:
    assert suggested_monthly_amount(given, Campaign(currency="usd", smallest_amount=50)) == offered


def test_a_campaign_with_an_odd_minimum_offers_the_next_whole_dollar() -> None:
    campaign = Campaign(currency="usd", smallest_amount=501)
    assert suggested_monthly_amount(2_500, campaign) == 600
    assert suggested_monthly_amount(2_500, Campaign(currency="usd", smallest_amount=500)) == 500


@pytest.mark.parametrize("frequency", ["monthly", "yearly"])
def test_a_gift_that_already_repeats_gets_no_offer(
    session: Session, winter: Campaign, frequency: str
) -> None:
    assert monthly_offer(session, given(session, winter, frequency=frequency), now()) == 0


@pytest.mark.parametrize("state", ["active", "past_due", "paused"])
def test_a_donor_whose_monthly_gift_has_not_ended_gets_no_offer(
    session: Session, winter: Campaign, state: str
) -> None:
    gift = given(session, winter)
    add_subscription(session, winter, gift.donor, state=state)
    assert monthly_offer(session, gift, now()) == 0


def test_a_page_closes_by_its_payment_and_not_by_its_form(
    session: Session, winter: Campaign
) -> None:
    gift = given(
        session, winter, shared_computer=True, charged_at=None, paid_at=None, state="expired"
    )
    gift.created_at = now() - timedelta(hours=2)
    assert is_page_closed(gift, gift.created_at + PAGE_LIFETIME + BLINK)
    assert not is_page_closed(gift, gift.created_at + PAGE_LIFETIME)
    gift.charged_at = now()
    assert not is_page_closed(gift, now())


def test_a_page_stays_open_long_enough_to_print_it() -> None:
    assert timedelta(minutes=15) == PAGE_LIFETIME
