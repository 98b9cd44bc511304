"""Which entries are late for which campaign, and what a correction posts for one of them."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.campaigns.finalization import (
    correct_result,
    finalize_due_campaigns,
    freeze_result,
    late_entries,
)
from campaign.core.clock import now
from campaign.core.errors import CampaignError
from campaign.models import Campaign, Donation, LedgerEntry
from campaign.runtime.context import Installation
from tests.support.campaigns import add_booked_gift
from tests.support.donors import add_donation, add_donor

BLINK = timedelta(microseconds=1)
DAY = timedelta(days=1)


def new(session: Session, slug: str = "winter", ended: int = 30) -> Campaign:
    """Create a campaign of ten days that ended so many days ago."""
    end = now() - ended * DAY
    return create_campaign(
        session,
        NewCampaign(
            slug=slug,
            title="Winter",
            goal="1000",
            start=(end - 10 * DAY).isoformat(),
            deadline=end.isoformat(),
            timezone="America/Los_Angeles",
        ),
    )


def gift(session: Session, campaign: Campaign, charged_at: datetime) -> Donation:
    count = len(session.scalars(select(Donation.id)).all())
    donor = add_donor(session, f"reader{count}@late.example")
    return add_donation(session, campaign, donor, charged_at=charged_at, paid_at=charged_at)


def post(session: Session, donation: Donation, amount: int, **values: Any) -> LedgerEntry:
    """Post an entry that counts for no campaign, as the ledger does after the grace period."""
    count = len(session.scalars(select(LedgerEntry.id)).all())
    wanted: dict[str, Any] = {
        "campaign_id": None,
        "donation_id": donation.id,
        "kind": "refund" if amount < 0 else "payment",
        "amount": amount,
        "currency": "usd",
        "occurred_at": donation.charged_at,
        "source": f"late-{count}",
    }
    entry = LedgerEntry(**{**wanted, **values})
    session.add(entry)
    session.flush()
    return entry


def test_an_entry_is_late_for_the_campaign_in_whose_window_its_gift_was_charged(
    session: Session,
) -> None:
    winter, spring = new(session), new(session, "spring", ended=60)
    moments = (winter.starts_at - BLINK, winter.starts_at, winter.deadline - BLINK, winter.deadline)
    gifts = [gift(session, winter, moment) for moment in moments]
    payments = [post(session, one, 1_000 + place) for place, one in enumerate(gifts)]
    refunds = [post(session, one, -1 - place) for place, one in enumerate(gifts)]
    other = post(session, gift(session, spring, spring.starts_at), 7)
    of_winter = [one.id for one in late_entries(session, winter)]
    assert of_winter == [payments[1].id, payments[2].id, refunds[1].id, refunds[2].id]
    assert [one.id for one in late_entries(session, spring)] == [other.id]
    assert [one.id for one in late_entries(session)] == sorted([*of_winter, other.id])


def test_what_counts_already_or_is_no_money_of_the_gift_is_not_late(session: Session) -> None:
    winter = new(session)
    donation = add_booked_gift(session, winter, 900, at=winter.starts_at)
    refund = post(session, donation, -500, occurred_at=now())
    post(session, donation, 0, kind="fee", fee=30)
    assert [one.id for one in late_entries(session)] == [refund.id]


def test_a_late_entry_is_described_in_full(session: Session) -> None:
    winter = new(session)
    donation = add_booked_gift(session, winter, 900, at=winter.starts_at)
    moment = winter.deadline + 20 * DAY
    entry = post(session, donation, -700, kind="dispute", occurred_at=moment)
    session.refresh(entry)
    (found,) = late_entries(session, winter)
    assert (found.id, found.campaign, found.donation) == (entry.id, "winter", donation.public_id)
    assert (found.kind, found.amount, found.currency) == ("dispute", -700, "usd")
    assert (found.occurred_at, found.recorded_at) == (moment, entry.recorded_at)


def test_a_correction_moves_amount_and_covered_fee_at_its_own_time(session: Session) -> None:
    winter = new(session)
    add_booked_gift(session, winter, 900, at=winter.starts_at)
    entry = post(session, gift(session, winter, winter.starts_at), 2_500, fee_cover=106)
    freeze_result(session, winter.id, now())
    moment = now()
    done = correct_result(session, winter, entry.id, " it was posted in time ", " mia ", moment)
    assert (done.amount, done.raised, done.frozen, done.currency) == (2_500, 3_400, 900, "usd")
    rows = session.scalars(
        select(LedgerEntry).where(LedgerEntry.kind == "correction").order_by(LedgerEntry.id)
    ).all()
    assert [(one.campaign_id, one.amount, one.fee_cover) for one in rows] == [
        (None, -2_500, -106),
        (winter.id, 2_500, 106),
    ]
    for one in rows:
        assert (one.donation_id, one.currency) == (entry.donation_id, "usd")
        assert (one.occurred_at, one.reason, one.recorded_by) == (
            moment,
            "it was posted in time",
            "mia",
        )
    assert late_entries(session) == []


def test_another_campaigns_late_entry_corrects_nothing_here(session: Session) -> None:
    winter, spring = new(session), new(session, "spring", ended=60)
    entry = post(session, gift(session, spring, spring.starts_at), 700)
    for one in (winter, spring):
        freeze_result(session, one.id, now())
    with pytest.raises(CampaignError, match="not a late entry of winter"):
        correct_result(session, winter, entry.id, "why not", "mia", now())
    assert correct_result(session, spring, entry.id, "in time", "mia", now()).raised == 700


def test_each_due_campaign_is_frozen_with_its_own_sum_the_longest_over_first(
    session: Session,
) -> None:
    winter, spring, running = new(session), new(session, "spring", 60), new(session, "run", -5)
    add_booked_gift(session, winter, 900, at=winter.starts_at)
    add_booked_gift(session, spring, 70, at=spring.starts_at)
    at = now()
    assert [one.slug for one in finalize_due_campaigns(session, at)] == ["spring", "winter"]
    found = [(one.final_raised, one.finalized_at) for one in (winter, spring, running)]
    assert found == [(900, at), (70, at), (None, None)]


def test_a_result_is_due_by_the_campaigns_own_grace_period(session: Session) -> None:
    winter, spring = new(session, ended=3), new(session, "spring", ended=3)
    session.execute(update(Campaign).where(Campaign.id == spring.id).values(grace_days=5))
    session.execute(update(Campaign).where(Campaign.id == winter.id).values(grace_days=2))
    assert [one.slug for one in finalize_due_campaigns(session, now())] == ["winter"]
    assert freeze_result(session, spring.id, spring.deadline + 5 * DAY - BLINK) is None
    assert freeze_result(session, spring.id, spring.deadline + 5 * DAY) is not None


def test_a_deadline_that_moved_meanwhile_is_not_frozen(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        winter = new(session)
    with installation.sessions() as session:
        read_before = session.get_one(Campaign, winter.id)
        assert read_before.final_from <= now()
        with installation.sessions.begin() as other:
            moved = update(Campaign).values(deadline=now() + DAY)
            other.execute(moved)
        assert freeze_result(session, winter.id, now()) is None
    with installation.sessions() as session:
        assert session.get_one(Campaign, winter.id).finalized_at is None
