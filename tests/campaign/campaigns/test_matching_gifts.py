"""Matching gifts: computed from the ledger, counted separately, and correct under concurrency."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
import time_machine
from sqlalchemy import text

from campaign.campaigns.matching_gifts import (
    MatchingGiftFields,
    add_matching_gift,
    end_matching_gift,
)
from campaign.core.clock import now
from campaign.core.errors import FieldsInvalid, NotFound
from campaign.models import Campaign, MatchingGift
from campaign.runtime.context import Installation
from tests.support.campaigns import (
    ADMIN,
    add_booked_gift,
    add_campaign,
    add_entry,
    audited,
    current_progress,
    shards_agree,
)
from tests.support.locks import waits_for_a_lock

DAY = timedelta(days=1)
BLINK = timedelta(microseconds=1)


def promise(**changes: str) -> MatchingGiftFields:
    wanted = {"sponsor": "The Reyes family", "pool": "1,000", "ratio": "100"}
    return MatchingGiftFields(**{**wanted, **changes})


def ago(days: float) -> str:
    return (now() - timedelta(days=days)).isoformat()


def add(installation: Installation, campaign: Campaign, wanted: MatchingGiftFields) -> MatchingGift:
    with installation.sessions.begin() as session:
        return add_matching_gift(session, campaign, wanted, ADMIN, now())


def end(installation: Installation, campaign: Campaign, gift: MatchingGift) -> MatchingGift:
    with installation.sessions.begin() as session:
        return end_matching_gift(session, campaign, gift.id, ADMIN)


def test_gifts_in_the_window_count_even_from_before_it_was_added(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 5_000, 5 * DAY)
        add_booked_gift(session, campaign, 10_000, 2 * DAY)
    add(installation, campaign, promise(starts=ago(3)))
    assert current_progress(installation, campaign).matched == 10_000
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 1_000, timedelta())
        add_booked_gift(session, campaign, 3_000, 4 * DAY)
    found = current_progress(installation, campaign)
    assert (found.raised, found.matched) == (19_000, 11_000)
    assert shards_agree(installation)


def test_a_refund_removes_its_match_whenever_it_arrives(installation: Installation) -> None:
    campaign = add_campaign(installation)
    with installation.sessions.begin() as session:
        before = add_booked_gift(session, campaign, 10_000, 5 * DAY)
        within = add_booked_gift(session, campaign, 10_000, 2 * DAY)
    gift = add(installation, campaign, promise(starts=ago(3), ratio="50"))
    assert current_progress(installation, campaign).matched == 5_000
    with installation.sessions.begin() as session:
        add_entry(session, within, "refund", -4_000)
        add_entry(session, before, "refund", -10_000)
    assert current_progress(installation, campaign).matched == 3_000
    end(installation, campaign, gift)
    with installation.sessions.begin() as session:
        add_entry(session, within, "refund", -6_000)
    assert current_progress(installation, campaign).matched == 0
    assert shards_agree(installation)


def test_a_sponsor_adds_at_most_the_pool_and_sponsors_are_separate(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)
    add(installation, campaign, promise(pool="150", starts=ago(3)))
    add(installation, campaign, promise(sponsor="A foundation", ratio="33", starts=ago(3)))
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 20_001)
    found = current_progress(installation, campaign)
    assert [(one.matched, one.remaining) for one in found.matching] == [
        (15_000, 0),
        (6_600, 93_400),
    ]
    assert [one.is_open(now()) for one in found.matching] == [False, True]
    assert (found.matched, found.facts()["matched"]) == (21_600, 21_600)


def test_ended_early_it_still_matches_earlier_charges_booked_later(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)
    gift = add(installation, campaign, promise(starts=ago(3)))
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 1_000)
    ended = end(installation, campaign, gift)
    assert end(installation, campaign, gift).ended_at == ended.ended_at
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 2_000, timedelta(hours=1))
        add_booked_gift(session, campaign, 4_000, timedelta(seconds=-1))
    assert current_progress(installation, campaign).matched == 3_000
    assert [one.action for one in audited(installation)] == [
        "matching_gift.added",
        "matching_gift.ended",
    ]
    assert shards_agree(installation)


def test_a_window_begins_with_its_first_instant_and_ends_before_its_last(
    installation: Installation,
) -> None:
    campaign, other = add_campaign(installation), add_campaign(installation, slug="summer")
    starts, ends = (now() - DAY * days for days in (4, 1))
    moments = (starts - BLINK, starts, ends - BLINK, ends)
    with installation.sessions.begin() as session:
        for number, moment in enumerate(moments):
            add_booked_gift(session, campaign, 10**number, at=moment)
        add_booked_gift(session, other, 5_000, at=starts)
    wanted = promise(starts=starts.isoformat(), ends=ends.isoformat())
    with installation.sessions.begin() as session:
        add_matching_gift(session, campaign, wanted, ADMIN, starts)
    assert current_progress(installation, campaign).matched == 10 + 100, (
        "what was given before it was added"
    )
    with installation.sessions.begin() as session:
        for number, moment in enumerate(moments):
            add_booked_gift(session, campaign, 10**number, at=moment)
        add_booked_gift(session, other, 5_000, at=starts)
    assert current_progress(installation, campaign).matched == 2 * (10 + 100), (
        "and what came after it"
    )
    assert current_progress(installation, other).matched == 0
    assert shards_agree(installation)


def test_ended_early_a_window_ends_before_that_instant(installation: Installation) -> None:
    campaign = add_campaign(installation)
    gift = add(installation, campaign, promise(starts=ago(3)))
    ended = now() - DAY
    with installation.sessions.begin() as session:
        for number, moment in enumerate((ended - BLINK, ended)):
            add_booked_gift(session, campaign, 10**number, at=moment)
    with time_machine.travel(ended, tick=False):
        assert end(installation, campaign, gift).ended_at == ended
    assert current_progress(installation, campaign).matched == 1
    with installation.sessions.begin() as session:
        for number, moment in enumerate((ended - BLINK, ended)):
            add_booked_gift(session, campaign, 10**number, at=moment)
    assert current_progress(installation, campaign).matched == 2
    assert shards_agree(installation)


def test_what_staff_did_with_a_matching_gift_is_on_record(installation: Installation) -> None:
    campaign = add_campaign(installation)
    starts, ends = (now() + DAY * days for days in (-3, 3))
    wanted = promise(starts=starts.isoformat(), ends=ends.isoformat(), ratio="50")
    gift = add(installation, campaign, wanted)
    assert (gift.sponsor, gift.pool, gift.ratio_percent) == ("The Reyes family", 100_000, 50)
    assert (gift.starts_at, gift.ends_at, gift.created_by) == (starts, ends, ADMIN.name)
    ended = end(installation, campaign, gift).ended_at
    assert ended is not None
    added, closed = audited(installation)
    for entry in (added, closed):
        assert (entry.actor, entry.subject_kind) == (ADMIN.name, "matching_gift")
        assert (entry.subject_key, entry.campaign_id) == (str(gift.id), campaign.id)
    assert added.after == {
        "sponsor": "The Reyes family",
        "pool": 100_000,
        "ratio_percent": 50,
        "starts_at": starts.isoformat(),
        "ends_at": ends.isoformat(),
    }
    assert closed.before == {"ends_at": ends.isoformat()}
    assert closed.after == {"ended_at": ended.isoformat()}


def test_without_dates_it_lasts_as_long_as_the_campaign(installation: Installation) -> None:
    campaign = add_campaign(installation)
    gift = add(installation, campaign, promise())
    assert (gift.starts_at, gift.ends_at) == (campaign.starts_at, campaign.deadline)


def test_a_matching_gift_whose_window_is_over_is_not_ended_again(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)
    ends = now() - DAY
    with installation.sessions.begin() as session:
        wanted = promise(starts=ago(3), ends=ends.isoformat())
        gift = add_matching_gift(session, campaign, wanted, ADMIN, ends - DAY)
    assert end(installation, campaign, gift).ended_at is None
    with time_machine.travel(ends, tick=False):
        assert end(installation, campaign, gift).ended_at is None
    assert [one.action for one in audited(installation)] == ["matching_gift.added"]


def test_one_that_differs_in_anything_is_another(installation: Installation) -> None:
    campaign = add_campaign(installation)
    starts, ends = ago(3), ago(-3)
    same = {"starts": starts, "ends": ends}
    first = add(installation, campaign, promise(**same))
    changes = (
        {"sponsor": "A foundation"},
        {"pool": "1,001"},
        {"ratio": "99"},
        {"starts": ago(4)},
        {"ends": ago(-4)},
    )
    others = [add(installation, campaign, promise(**{**same, **one})).id for one in changes]
    assert len({first.id, *others}) == 6
    end(installation, campaign, first)
    again = add(installation, campaign, promise(**same))
    assert again.id not in {first.id, *others}, "one that was ended may be promised again"
    elsewhere = add_campaign(installation, slug="summer")
    assert add(installation, elsewhere, promise(**same)).id != again.id


def test_the_same_matching_gift_twice_is_one(installation: Installation) -> None:
    campaign, same = add_campaign(installation), promise(starts=ago(3), ends="")
    assert add(installation, campaign, same).id == add(installation, campaign, same).id
    assert len(audited(installation)) == 1


def test_invalid_matching_gifts_are_rejected_by_field(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)
    wrong: list[tuple[dict[str, str], str]] = [
        ({"sponsor": "  "}, "sponsor"),
        ({"sponsor": "a\0b"}, "sponsor"),
        ({"pool": "0"}, "pool"),
        ({"ratio": "0"}, "ratio"),
        ({"ratio": "1001"}, "ratio"),
        ({"ratio": "1.5"}, "ratio"),
        ({"starts": ago(11)}, "starts"),
        ({"ends": "2099-01-01"}, "ends"),
        ({"starts": ago(3), "ends": ago(2)}, "ends"),
        ({"ends": "soon"}, "ends"),
    ]
    for changes, field in wrong:
        with pytest.raises(FieldsInvalid) as refused:
            add(installation, campaign, promise(**changes))
        assert set(refused.value.faults) == {field}, changes
    assert audited(installation) == []


def test_edges_of_what_can_be_promised(installation: Installation) -> None:
    campaign = add_campaign(installation)
    starts, ends = campaign.starts_at.isoformat(), campaign.deadline.isoformat()
    for changes in (
        {"ratio": "1"},
        {"ratio": " 1000 % "},
        {"starts": starts, "ends": ends},
        {"starts": (campaign.deadline - BLINK).isoformat(), "ends": ends},
    ):
        add(installation, campaign, promise(**changes))
    late = (campaign.deadline + BLINK).isoformat()
    early = (campaign.starts_at - BLINK).isoformat()
    moment = now()
    for changes, field in (
        ({"ratio": "١٠٠"}, "ratio"),
        ({"ratio": "-1"}, "ratio"),
        ({"ratio": "1000001"}, "ratio"),
        ({"starts": early}, "starts"),
        ({"ends": late}, "ends"),
        ({"starts": ago(3), "ends": moment.isoformat()}, "ends"),
    ):
        with pytest.raises(FieldsInvalid) as refused, installation.sessions.begin() as session:
            add_matching_gift(session, campaign, promise(**changes), ADMIN, moment)
        assert set(refused.value.faults) == {field}, changes
    same = ago(-1)
    with pytest.raises(FieldsInvalid, match="after it begins"):
        add(installation, campaign, promise(starts=same, ends=same))


def test_a_matching_gift_of_another_campaign_cannot_be_ended_here(
    installation: Installation,
) -> None:
    campaign, other = add_campaign(installation), add_campaign(installation, slug="summer")
    gift = add(installation, campaign, promise())
    with pytest.raises(NotFound):
        end(installation, other, gift)


def _waits_for(
    installation: Installation, work: Callable[[], object], release: Callable[[], None]
) -> None:
    """Check that `work` does not finish before `release`."""
    with ThreadPoolExecutor(1) as pool:
        running_work = pool.submit(work)
        assert waits_for_a_lock(installation, running_work)
        release()
        running_work.result(timeout=60)


def test_adding_one_waits_for_uncommitted_gifts_and_counts_them(installation: Installation) -> None:
    campaign = add_campaign(installation)
    with installation.sessions() as session:
        add_booked_gift(session, campaign, 10_000)
        adding = partial(add, installation, campaign, promise(starts=ago(3)))
        _waits_for(installation, adding, session.commit)
    assert current_progress(installation, campaign).matched == 10_000


def test_a_gift_waits_for_an_uncommitted_matching_gift_and_is_counted(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)

    def give() -> None:
        with installation.sessions.begin() as session:
            add_booked_gift(session, campaign, 10_000)

    with installation.sessions() as session:
        add_matching_gift(session, campaign, promise(starts=ago(3)), ADMIN, now())
        _waits_for(installation, give, session.commit)
    assert current_progress(installation, campaign).matched == 10_000
    assert shards_agree(installation)


def test_the_foreign_key_trigger_runs_before_the_counting_trigger(
    installation: Installation,
) -> None:
    """So even a correction, which no guard blocks, waits for the campaign's row before it is counted."""
    with installation.sessions() as session:
        names = session.scalars(
            text(
                "SELECT tgname FROM pg_trigger WHERE tgrelid = 'ledger_entry'::regclass AND tgtype & 2 = 0"
                ' AND tgtype & 4 <> 0 ORDER BY tgname COLLATE "C"'
            )
        ).all()
    guards = [name for name in names if name.startswith("RI_ConstraintTrigger_c")]
    assert guards
    assert names.index(guards[-1]) < names.index("count_entry")


def test_in_a_burst_of_gifts_and_refunds_each_is_counted_exactly_once(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)
    stop = threading.Event()

    def giver() -> int:
        given = 0
        for number in range(25):
            with installation.sessions.begin() as session:
                gift = add_booked_gift(session, campaign, 1_000 + number, timedelta(seconds=1))
                if number % 3 == 0:
                    add_entry(session, gift, "refund", -500)
            given += 1
        return given

    def sponsor() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            one = add(installation, campaign, promise(sponsor=f"S{number}", starts=ago(number)))
            if number % 2:
                end(installation, campaign, one)
            stop.wait(0.05)
            if number == 8:
                return

    with ThreadPoolExecutor(5) as pool:
        sponsoring = pool.submit(sponsor)
        assert sum(pool.map(lambda _one: giver(), range(4))) == 100
        stop.set()
        sponsoring.result(timeout=60)
    assert shards_agree(installation)
    found = current_progress(installation, campaign)
    open_ones = [one.given for one in found.matching if one.gift.ended_at is None]
    assert open_ones == [found.raised] * len(open_ones)
    assert open_ones
