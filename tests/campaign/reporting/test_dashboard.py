"""The dashboard's figures: from one snapshot, of one campaign, with exact time limits."""

from datetime import timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from campaign.campaigns.schedule import due_at, list_steps
from campaign.core.clock import now
from campaign.models import Campaign, CampaignStep, CodeVisit, Donation, Subscription
from campaign.reporting.dashboard import (
    Dashboard,
    Pledges,
    begin_snapshot,
    email_statistics,
    read_dashboard,
    visits_by_code,
)
from campaign.runtime.context import Installation
from tests.support.campaigns import add_booked_gift, add_campaign, add_entry

DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)


def dashboard(installation: Installation, campaign: Campaign, at: Any = None) -> Dashboard:
    with installation.sessions() as session:
        begin_snapshot(session)
        return read_dashboard(session, session.get_one(Campaign, campaign.id), at or now())


def pledge(session: Session, campaign: Campaign, number: int, **values: Any) -> None:
    donor_id = add_booked_gift(session, campaign).donor_id
    session.add(
        Subscription(
            **{
                "stripe_id": f"sub_{number}",
                "campaign_id": campaign.id,
                "donor_id": donor_id,
                "frequency": "monthly",
                "amount": 1_000,
                "fee_cover": 59,
                "currency": campaign.currency,
                **values,
            }
        )
    )


def test_all_figures_are_from_one_snapshot(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)
    with installation.sessions() as session:
        begin_snapshot(session)
        here = session.get_one(Campaign, campaign.id)
        with installation.sessions.begin() as other:
            add_booked_gift(other, campaign)
        found = read_dashboard(session, here, now())
    assert (found.progress.raised, found.totals[-1], found.sources) == (0, 0, [])
    assert dashboard(installation, campaign).progress.raised == 10_000


def test_pledges_are_active_recurring_gifts_without_covered_fees(
    installation: Installation,
) -> None:
    campaign, other = add_campaign(installation), add_campaign(installation, slug="spring")
    assert dashboard(installation, campaign).pledges == Pledges(0, 0, 0)
    with installation.sessions.begin() as session:
        pledge(session, campaign, 1)
        pledge(session, campaign, 2, state="past_due", amount=500)
        pledge(session, campaign, 3, frequency="yearly", amount=7_000)
        pledge(session, campaign, 4, state="paused")
        pledge(session, campaign, 5, state="ended", ended_at=now())
        pledge(session, other, 6)
    assert dashboard(installation, campaign).pledges == Pledges(2, 1, 12 * 1_500 + 7_000)


def test_failed_payments_of_the_last_day_are_listed_newest_first(
    installation: Installation,
) -> None:
    campaign, other, at = (
        add_campaign(installation),
        add_campaign(installation, slug="spring"),
        now(),
    )
    unpaid: dict[str, Any] = {"charged_at": None, "paid_at": None}
    with installation.sessions.begin() as session:
        first, last, *_ = [
            add_booked_gift(
                session, where, state=state, created_at=at - ago, state_reason="card", **unpaid
            )
            for where, state, ago in (
                (campaign, "declined", DAY),
                (campaign, "failed", MOMENT),
                (campaign, "declined", DAY + MOMENT),
                (campaign, "expired", MOMENT),
                (campaign, "pending", MOMENT),
                (other, "failed", MOMENT),
            )
        ]
    found = dashboard(installation, campaign, at)
    assert [one.public_id for one in found.failures] == [last.public_id, first.public_id]
    assert (found.failed, found.failures[0].state_reason) == (2, "card")


def test_at_most_a_hundred_failed_payments_are_listed(installation: Installation) -> None:
    campaign, at = add_campaign(installation), now()
    with installation.sessions.begin() as session:
        gift = add_booked_gift(session, campaign)
        for number in range(101):
            session.add(
                Donation(
                    attempt=f"a{number}",
                    campaign_id=campaign.id,
                    donor_id=gift.donor_id,
                    frequency="one_time",
                    amount=2_500,
                    currency="usd",
                    state="failed",
                    email=gift.email,
                    name="",
                    created_at=at - number * MOMENT,
                )
            )
    found = dashboard(installation, campaign, at)
    assert (found.failed, len(found.failures)) == (100, 100)
    assert found.failures[-1].created_at == at - 99 * MOMENT


def test_donors_who_gave_to_another_campaign_before_are_counted_for_each_campaign(
    installation: Installation,
) -> None:
    first = add_campaign(installation)
    second = add_campaign(installation, slug="spring")
    assert dashboard(installation, first).gave_before == 0
    with installation.sessions.begin() as session:
        for _ in range(2):
            known = add_booked_gift(session, first).donor_id
            add_booked_gift(session, second, donor_id=known)
        add_booked_gift(session, second)
    assert [dashboard(installation, one).gave_before for one in (first, second)] == [0, 2]


def test_the_closing_of_the_previous_campaign_is_applied_until_this_one_ends(
    installation: Installation,
) -> None:
    before = add_campaign(
        installation, slug="before", start="2026-01-01", deadline="2026-01-04", timezone="UTC"
    )
    campaign = add_campaign(
        installation, slug="after", start="2026-02-01", deadline="2026-02-04", timezone="UTC"
    )
    # Of the same last day, and so not an earlier one.
    add_campaign(
        installation, slug="same", start="2026-02-01", deadline="2026-02-04", timezone="UTC"
    )
    with installation.sessions.begin() as session:
        for days, amount in ((0, 1_000), (3, 3_000)):
            at = before.starts_at + days * DAY + timedelta(hours=1)
            add_booked_gift(session, before, amount, now() - at)
        add_booked_gift(session, campaign, 20_000, now() - campaign.starts_at - timedelta(hours=1))
    found = dashboard(installation, campaign, campaign.starts_at + timedelta(hours=2))
    assert found.earlier is not None
    assert (found.earlier.slug, found.forecast_by_previous_campaign) == ("before", 80_000)
    ended = dashboard(installation, campaign, campaign.deadline)
    assert ended.forecast_by_previous_campaign is None


def test_codes_with_visits_only_follow_those_with_gifts(
    installation: Installation,
) -> None:
    campaign, other = add_campaign(installation), add_campaign(installation, slug="spring")
    today = now().date()
    with installation.sessions.begin() as session:
        for code, amount in (("small", 500), ("large", 5_000)):
            add_booked_gift(session, campaign, amount, code=code)
        for key, code, day, visits in (
            (campaign.id, "large", today, 3),
            (campaign.id, "large", today - DAY, 4),
            (campaign.id, "zero", today, 1),
            (campaign.id, "opened", today, 2),
            (other.id, "large", today, 9),
        ):
            session.add(CodeVisit(campaign_id=key, code=code, day=day, visits=visits))
    found = dashboard(installation, campaign).sources
    assert [(one.code, one.tally.amount, one.visits) for one in found] == [
        ("large", 5_000, 7),
        ("small", 500, 0),
        ("opened", 0, 2),
        ("zero", 0, 1),
    ]
    with installation.sessions() as session:
        assert visits_by_code(session, other) == {"large": 9}


def test_days_end_with_today_or_the_campaigns_last_day(
    installation: Installation,
) -> None:
    campaign = add_campaign(
        installation, start="2026-01-01", deadline="2026-01-10", timezone="Asia/Tokyo"
    )
    for at, days in ((campaign.starts_at, 1), (campaign.deadline - MOMENT, 10), (now(), 10)):
        found = dashboard(installation, campaign, at)
        assert (len(found.days), len(found.totals), found.length) == (days, days, 10)
        assert found.days[0].key == "2026-01-01"
        assert len(found.hours) == 48
    assert found.hours[-1].key == "2026-01-11T00"
    assert (found.forecast_by_previous_campaign, found.forecast) == (None, None)


def test_the_previous_campaign_is_the_latest_earlier_one_in_the_same_currency(
    installation: Installation,
) -> None:
    def made(slug: str, deadline: str, currency: str = "usd") -> Campaign:
        return add_campaign(
            installation,
            slug=slug,
            start="2026-01-01",
            deadline=deadline,
            currency=currency,
            title=slug,
        )

    first, second = made("first", "2026-01-03"), made("second", "2026-01-04")
    made("euros", "2026-01-05", "eur")
    last = made("last", "2026-01-06")
    with installation.sessions.begin() as session:
        gift = add_booked_gift(
            session, second, 2_000, now() - second.starts_at - timedelta(hours=1)
        )
        add_entry(session, gift, "refund", -500, second.starts_at + 2 * DAY)
    found = dashboard(installation, last).earlier
    assert found is not None
    assert (found.slug, found.title, list(found.totals)) == (
        "second",
        "second",
        [2_000, 2_000, 1_500, 1_500],
    )
    assert dashboard(installation, first).earlier is None


def test_steps_are_in_order_of_their_dates_including_disabled_ones(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)
    with installation.sessions.begin() as session:
        session.execute(
            update(CampaignStep).where(CampaignStep.key == "three_days").values(enabled=False)
        )
        here = session.get_one(Campaign, campaign.id)
        found = email_statistics(session, here)
        due = {step.key: due_at(here, step) for step in list_steps(session, here.id)}
    assert [one.key for one in found] == sorted(due, key=lambda key: (due[key], key))
    assert [one.key for one in found if not one.enabled] == ["three_days"]
    assert found[-1].key == "wrap_up"
    assert found[-1].due == campaign.deadline
