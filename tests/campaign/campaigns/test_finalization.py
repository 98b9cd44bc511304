"""Results are provisional, then frozen, and only a logged correction changes them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from campaign.campaigns.finalization import (
    CorrectionResult,
    LateEntry,
    correct_result,
    finalize_due_campaigns,
    late_entries,
)
from campaign.campaigns.progress import read_progress
from campaign.core import clock
from campaign.core.errors import CampaignError, NotFound
from campaign.ledger.invariants import broken_invariants
from campaign.models import Campaign, LedgerEntry
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.locks import waits_for_a_lock
from tests.support.stripe import Facts, Json

Give = Callable[..., Facts]
Store = Callable[..., None]
Deliver = Callable[..., None]


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    with time_machine.travel(moment, tick=True):
        yield


@pytest.fixture
def end(campaign: Campaign) -> datetime:
    """An hour after the result became final."""
    return campaign.final_from + timedelta(hours=1)


@pytest.fixture
def deliver(installation: Installation, store: Store) -> Deliver:
    def apply(*events: Json) -> None:
        store(*events)
        apply_due_events(installation)

    return apply


def freeze(installation: Installation, moment: datetime) -> list[str]:
    with installation.sessions.begin() as session:
        return [one.slug for one in finalize_due_campaigns(session, moment)]


def stored(installation: Installation, campaign: Campaign) -> Campaign:
    with installation.sessions() as session:
        return session.get_one(Campaign, campaign.id)


def raised(installation: Installation, campaign: Campaign) -> int:
    """Return the public progress after checking the ledger. No worker sends email here, even years later."""
    with installation.sessions() as session:
        broken = [one for one in broken_invariants(session) if not one.startswith("message ")]
        assert broken == []
        return read_progress(session, session.get_one(Campaign, campaign.id), clock.now()).raised


def late(installation: Installation, campaign: Campaign | None = None) -> list[LateEntry]:
    with installation.sessions() as session:
        return late_entries(session, campaign)


def correct(
    installation: Installation,
    campaign: Campaign,
    entry_id: int,
    reason: str = "it was posted in time",
    recorded_by: str = "mia",
) -> CorrectionResult:
    with installation.sessions.begin() as session:
        found = session.get_one(Campaign, campaign.id)
        return correct_result(session, found, entry_id, reason, recorded_by, clock.now())


def test_the_result_is_frozen_when_the_grace_period_is_over(
    installation: Installation, campaign: Campaign, paid: Facts, end: datetime
) -> None:
    assert freeze(installation, campaign.final_from - timedelta(microseconds=1)) == []
    assert freeze(installation, campaign.final_from) == ["nine-days"]
    found = stored(installation, campaign)
    assert (found.finalized_at, found.final_raised) == (campaign.final_from, 2500)
    assert freeze(installation, end) == [], "a second time is harmless"
    assert stored(installation, campaign).finalized_at == campaign.final_from


def test_at_most_a_given_number_are_frozen_in_one_transaction(
    installation: Installation, campaign: Campaign, end: datetime
) -> None:
    with installation.sessions.begin() as session:
        session.execute(
            text(
                "INSERT INTO campaign (slug, title, currency, goal, starts_at, deadline, deadline_wall_clock, timezone,"
                " suggested_amounts, smallest_amount, appeal) SELECT 'second', title, currency, goal, starts_at,"
                " deadline, deadline_wall_clock, timezone, suggested_amounts, smallest_amount, appeal FROM campaign"
            )
        )
    with installation.sessions.begin() as session:
        assert len(finalize_due_campaigns(session, end, at_most=1)) == 1
    assert freeze(installation, end) == ["second"]


def test_concurrent_runs_freeze_the_result_once(
    installation: Installation, campaign: Campaign, paid: Facts, end: datetime
) -> None:
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda _: freeze(installation, end), range(6)))
    assert sorted(done) == [[]] * 5 + [["nine-days"]]


def test_an_uncommitted_entry_is_waited_for_and_counted(
    installation: Installation, campaign: Campaign, paid: Facts, end: datetime
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with installation.sessions.begin() as session:
            session.add(refund_entry(campaign, paid))
            session.flush()
            freezing = pool.submit(freeze, installation, end)
            assert waits_for_a_lock(installation, freezing)
        assert freezing.result(timeout=60) == ["nine-days"]
    assert stored(installation, campaign).final_raised == 1500


def refund_entry(campaign: Campaign, facts: Facts) -> LedgerEntry:
    return LedgerEntry(
        campaign_id=campaign.id,
        donation_id=facts.donation.id,
        kind="refund",
        amount=-1000,
        currency="usd",
        occurred_at=clock.now(),
        source="re_by_hand",
    )


def test_once_frozen_the_database_rejects_changes(
    installation: Installation, campaign: Campaign, paid: Facts, end: datetime
) -> None:
    freeze(installation, end)
    with (
        pytest.raises(IntegrityError, match="only a correction changes it"),
        installation.sessions.begin() as session,
    ):
        session.add(refund_entry(campaign, paid))


def test_late_entries_are_booked_and_listed_but_do_not_change_the_result(
    installation: Installation, campaign: Campaign, paid: Facts, deliver: Deliver, end: datetime
) -> None:
    freeze(installation, end)
    with at(end):
        deliver(paid.refunded("a", 1000))
        assert raised(installation, campaign) == 2500
    [found] = late(installation, campaign)
    assert (found.campaign, found.donation) == ("nine-days", paid.donation.public_id)
    assert (found.kind, found.amount, found.currency) == ("refund", -1000, "usd")


def test_entries_after_the_grace_period_but_before_the_freeze_are_late_too(
    installation: Installation, campaign: Campaign, paid: Facts, deliver: Deliver, end: datetime
) -> None:
    with at(end):
        deliver(paid.refunded("a", 1000))
        [found] = late(installation)
        with pytest.raises(CampaignError, match="not final yet"):
            correct(installation, campaign, found.id)
    freeze(installation, end)
    assert stored(installation, campaign).final_raised == 2500


def test_an_entry_within_the_grace_period_counts(
    installation: Installation, campaign: Campaign, give: Give, deliver: Deliver
) -> None:
    facts = give()
    deliver(facts.promised())
    with at(campaign.deadline + timedelta(days=3)):
        deliver(facts.debit_succeeded())
        assert raised(installation, campaign) == 2500
    assert late(installation) == []


def test_a_correction_adds_a_late_entry_to_the_result_once(
    installation: Installation, campaign: Campaign, give: Give, deliver: Deliver, end: datetime
) -> None:
    facts = give(fee_cover=106)
    deliver(facts.promised())
    freeze(installation, end)
    with at(end):
        deliver(facts.debit_succeeded())
        [found] = late(installation)
        assert (found.kind, found.amount) == ("payment", 2500)
        done = correct(installation, campaign, found.id)
        assert done == CorrectionResult(amount=2500, raised=2500, frozen=0, currency="usd")
        assert raised(installation, campaign) == 2500
        with pytest.raises(CampaignError, match="already added to the result"):
            correct(installation, campaign, found.id)
        assert raised(installation, campaign) == 2500
    assert late(installation) == []
    assert stored(installation, campaign).final_raised == 0, "it keeps what was final at first"


def test_a_correction_posts_two_entries_with_name_and_reason(
    installation: Installation, campaign: Campaign, paid: Facts, deliver: Deliver, end: datetime
) -> None:
    freeze(installation, end)
    with at(end):
        deliver(paid.refunded("a", 1000))
        [found] = late(installation)
        correct(installation, campaign, found.id, "  a gift given back  ", "mia")
    with installation.sessions() as session:
        query = select(LedgerEntry).where(LedgerEntry.kind == "correction").order_by(LedgerEntry.id)
        out, into = session.scalars(query).all()
    assert (out.campaign_id, out.amount, out.source) == (None, 1000, f"entry-{found.id}-out")
    assert (into.campaign_id, into.amount) == (campaign.id, -1000)
    assert into.source == f"entry-{found.id}-in"
    assert {(one.reason, one.recorded_by) for one in (out, into)} == {("a gift given back", "mia")}
    assert {one.donation_id for one in (out, into)} == {paid.donation.id}
    assert raised(installation, campaign) == 1500


def test_concurrent_corrections_count_once(
    installation: Installation, campaign: Campaign, paid: Facts, deliver: Deliver, end: datetime
) -> None:
    freeze(installation, end)
    with at(end):
        deliver(paid.refunded("a", 1000))
        [found] = late(installation)

    def attempt(_number: int) -> bool:
        try:
            correct(installation, campaign, found.id)
        except CampaignError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, range(6))) == 1
    assert raised(installation, campaign) == 1500


@pytest.mark.parametrize(("reason", "recorded_by"), [("", "mia"), ("  ", "mia"), ("late", " ")])
def test_a_correction_without_reason_or_name_is_rejected(
    installation: Installation,
    campaign: Campaign,
    paid: Facts,
    end: datetime,
    reason: str,
    recorded_by: str,
) -> None:
    freeze(installation, end)
    with pytest.raises(CampaignError, match="needs a reason"):
        correct(installation, campaign, 1, reason, recorded_by)


def test_only_a_late_entry_can_be_corrected(
    installation: Installation, campaign: Campaign, paid: Facts, end: datetime
) -> None:
    freeze(installation, end)
    with installation.sessions() as session:
        counted = session.scalars(select(LedgerEntry.id)).one()
    with pytest.raises(CampaignError, match="is not a late entry"):
        correct(installation, campaign, counted)
    with pytest.raises(NotFound, match="no ledger entry 404"):
        correct(installation, campaign, 404)


def test_a_gift_charged_after_the_deadline_belongs_to_no_result(
    installation: Installation, campaign: Campaign, give: Give, deliver: Deliver, end: datetime
) -> None:
    facts = give()
    with at(end):
        deliver(facts.completed(), facts.refunded("a", 1000))
    assert late(installation) == []
    freeze(installation, end)
    with pytest.raises(CampaignError, match="is not a late entry"):
        correct(installation, campaign, 1)
