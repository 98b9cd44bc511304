"""Progress as the page, the stream and `progress.json` show it."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from campaign.campaigns.matching_gifts import (
    MatchingGiftFields,
    add_matching_gift,
    end_matching_gift,
)
from campaign.campaigns.progress import MatchingStatus, Progress, read_progress
from campaign.core.clock import now
from campaign.models import Campaign, MatchingGift
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.campaigns import ADMIN, add_booked_gift, add_campaign
from tests.support.donors import add_donation, add_donor
from tests.support.figures import BEGIN, END, campaign_of, campaign_progress, matching_status
from tests.support.stripe import Facts

Give = Callable[..., Facts]
Store = Callable[..., None]

KEYS = [
    "campaign", "title", "state", "final", "currency", "goal", "raised", "pending", "matched", "percent",
    "donations", "donors", "starts_at", "deadline", "timezone", "days_left", "seconds_left", "as_of",
]  # fmt: skip


def standing(installation: Installation, campaign: Campaign, at: datetime) -> Progress:
    with installation.sessions() as session:
        return read_progress(session, campaign, at)


def of(campaign: Campaign, raised: int = 0, at: datetime | None = None) -> Progress:
    return Progress(campaign, raised, 0, 0, 1, 1, at or now())


def test_a_new_campaign_has_raised_nothing(installation: Installation, campaign: Campaign) -> None:
    found = standing(installation, campaign, now())
    assert (found.raised, found.pending, found.matched) == (0, 0, 0)
    assert found.percent == Decimal(0)
    assert (found.donations, found.donors, found.state, found.final) == (0, 0, "open", False)


def test_the_object_has_exactly_the_documented_fields(campaign: Campaign) -> None:
    body = json.loads(of(campaign).body())
    assert list(body) == KEYS
    assert (body["campaign"], body["state"], body["final"]) == ("nine-days", "open", False)
    assert (body["currency"], body["goal"]) == ("usd", 5_000_000)
    assert body["timezone"] == "America/Los_Angeles"


def test_instants_have_the_campaign_offset(campaign: Campaign) -> None:
    body = json.loads(of(campaign).body())
    assert body["deadline"] == "2100-01-01T00:00:00-08:00"
    for name in ("starts_at", "deadline", "as_of"):
        assert datetime.fromisoformat(body[name]).utcoffset() is not None


def test_nine_days_left_on_the_clock(campaign: Campaign) -> None:
    at = campaign.deadline - timedelta(days=9, hours=12)
    body = json.loads(of(campaign, at=at).body())
    assert (body["days_left"], body["seconds_left"]) == (9, 820_800)


def test_a_paid_gift_is_raised_and_counted(
    installation: Installation, campaign: Campaign, give: Give, store: Store
) -> None:
    for email in ("ana@example.org", "ana@example.org", "ben@example.org"):
        store(give(email=email, fee_cover=106).completed())
    apply_due_events(installation)
    found = standing(installation, campaign, now())
    assert (found.raised, found.donations, found.donors, found.percent) == (
        7500,
        3,
        2,
        Decimal("0.2"),
    )


def test_a_bank_debit_is_pending_until_it_succeeds(
    installation: Installation, campaign: Campaign, give: Give, store: Store
) -> None:
    facts = give(fee_cover=106)
    store(facts.promised())
    apply_due_events(installation)
    found = standing(installation, campaign, now())
    assert (found.pending, found.raised, found.donations) == (2500, 0, 0)
    store(facts.debit_succeeded())
    apply_due_events(installation)
    found = standing(installation, campaign, now())
    assert (found.pending, found.raised, found.donations) == (0, 2500, 1)


def test_a_failed_debit_is_no_longer_pending(
    installation: Installation, campaign: Campaign, give: Give, store: Store
) -> None:
    facts = give()
    store(facts.promised(), facts.debit_failed())
    apply_due_events(installation)
    found = standing(installation, campaign, now())
    assert (found.pending, found.raised) == (0, 0)


@pytest.mark.parametrize(
    ("raised", "percent"),
    [
        (0, "0.0"),
        (2499, "0.0"),
        (2500, "0.1"),
        (1234500, "24.7"),
        (5000000, "100.0"),
        (7500000, "150.0"),
        (50000000, "1000.0"),
        (-2500, "-0.1"),
        (-1, "0"),
        (-2499, "0"),
    ],
)
def test_percent_has_one_decimal_and_no_cap(campaign: Campaign, raised: int, percent: str) -> None:
    found = of(campaign, raised).percent
    assert (found, found.is_signed()) == (Decimal(percent), percent.startswith("-"))


def test_the_etag_stays_while_only_time_passes(campaign: Campaign) -> None:
    noon = campaign.deadline - timedelta(days=9, hours=12)
    earlier, later = of(campaign, 2500, noon), of(campaign, 2500, noon + timedelta(hours=1))
    assert earlier.facts() == later.facts()
    assert earlier.etag() == later.etag()
    assert earlier.body() != later.body()


def test_the_etag_changes_with_the_figures_the_day_and_the_state(campaign: Campaign) -> None:
    midnight = campaign.deadline - timedelta(days=3)
    blink = timedelta(microseconds=1)
    standings = [
        of(campaign, 2500, midnight - blink),
        of(campaign, 2501, midnight - blink),
        of(campaign, 2500, midnight),
        of(campaign, 2500, campaign.deadline - blink),
        of(campaign, 2500, campaign.deadline),
        of(campaign, 2500, campaign.final_from),
    ]
    assert len({found.etag() for found in standings}) == len(standings)


def test_after_the_end_nothing_is_left_and_later_the_result_is_final(campaign: Campaign) -> None:
    over = of(campaign, at=campaign.deadline)
    assert (over.state, over.final, over.days_left, over.seconds_left) == ("closed", False, 0, 0)
    final = of(campaign, at=campaign.final_from)
    assert (final.state, final.final) == ("final", True)


def test_a_title_in_any_script_is_unchanged(campaign: Campaign) -> None:
    campaign.title = "Вільні новини — “ガザ” 🗞"
    assert json.loads(of(campaign).body())["title"] == campaign.title
    assert campaign.title.encode() in of(campaign).body()


BLINK = timedelta(microseconds=1)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("given", "matched"),
    [(0, 0), (-500, 0), (3, 0), (4, 1), (10_001, 3_300), (303_028, 99_999), (303_031, 100_000)],
)
def test_a_sponsor_adds_whole_cents_never_less_than_nothing_nor_more_than_the_pool(
    given: int, matched: int
) -> None:
    found = matching_status(given, ratio_percent=33)
    assert (found.matched, found.remaining) == (matched, 100_000 - matched)
    assert matching_status(900_000, ratio_percent=33).matched == 100_000


def test_a_sponsor_matches_from_the_first_instant_until_before_the_last() -> None:
    def open_at(found: MatchingStatus, *moments: datetime) -> list[bool]:
        return [found.is_open(moment) for moment in moments]

    whole = matching_status()
    assert whole.until == END
    assert open_at(whole, BEGIN - BLINK, BEGIN, END - BLINK, END) == [False, True, True, False]
    ended = matching_status(ended_at=BEGIN + DAY)
    assert ended.until == BEGIN + DAY
    assert open_at(ended, BEGIN + DAY - BLINK, BEGIN + DAY) == [True, False]
    assert matching_status(ended_at=END + DAY).until == END
    assert open_at(matching_status(99_999), BEGIN) == [True]
    assert open_at(matching_status(100_000), BEGIN) == [False]


def test_readers_are_asked_for_the_stretch_goal_from_the_goal_on() -> None:
    plain, stretched = campaign_of(), campaign_of(stretch_goal=7_000_000)
    assert campaign_progress(plain, raised=9_000_000).asked == 5_000_000
    asked = [
        campaign_progress(stretched, raised=one).asked
        for one in (0, 4_999_999, 5_000_000, 9_000_000)
    ]
    assert asked == [5_000_000, 5_000_000, 7_000_000, 7_000_000]


@pytest.mark.parametrize(
    ("hidden", "percent", "raised", "at", "shown"),
    [
        (False, None, 0, BEGIN, True),
        (True, None, 4_999_999, BEGIN, False),
        (True, 20, 999_999, BEGIN, False),
        (True, 20, 1_000_000, BEGIN, True),
        (False, 20, 0, BEGIN, True),
        (True, None, 0, END - BLINK, False),
        (True, None, 0, END, True),
    ],
)
def test_hidden_figures_are_shown_from_a_share_of_the_goal_and_always_at_the_end(
    hidden: bool, percent: int | None, raised: int, at: datetime, shown: bool
) -> None:
    campaign = campaign_of(figures_hidden=hidden, figures_from_percent=percent)
    assert campaign_progress(campaign, at, raised=raised).hidden is not shown


def test_each_fact_is_the_campaigns_own() -> None:
    found = campaign_progress(
        at=END - 10 * DAY, raised=1_234_500, pending=20_000, matched=700, donations=321, donors=300
    )
    assert found.facts() == {
        "campaign": "winter",
        "title": "Keep every story free to read",
        "state": "open",
        "final": False,
        "currency": "usd",
        "goal": 5_000_000,
        "raised": 1_234_500,
        "pending": 20_000,
        "matched": 700,
        "percent": 24.7,
        "donations": 321,
        "donors": 300,
        "starts_at": "2026-12-01T00:00:00-08:00",
        "deadline": "2027-01-01T00:00:00-08:00",
        "timezone": "America/Los_Angeles",
        "days_left": 9,
    }
    body = json.loads(found.body())
    assert (body["seconds_left"], body["as_of"]) == (864_000, "2026-12-22T00:00:00-08:00")


def test_figures_are_of_one_campaign_only(installation: Installation) -> None:
    winter, summer = add_campaign(installation), add_campaign(installation, slug="summer")
    with installation.sessions.begin() as session:
        add_booked_gift(session, winter, 1_000)
        add_booked_gift(session, winter, 2_000)
        add_booked_gift(session, summer, 40_000)
        for campaign, amount, state in (
            (winter, 300, "processing"),
            (winter, 70, "processing"),
            (winter, 9_999, "pending"),
            (winter, 9_999, "failed"),
            (summer, 5_000, "processing"),
        ):
            donor = add_donor(session, f"{amount}-{state}@example.org")
            unpaid = {"charged_at": None, "paid_at": None}
            add_donation(session, campaign, donor, amount=amount, state=state, **unpaid)
        for campaign, sponsor, days in ((winter, "B", 2), (winter, "A", 3), (summer, "C", 3)):
            session.add(
                MatchingGift(
                    campaign_id=campaign.id,
                    sponsor=sponsor,
                    pool=10_000,
                    ratio_percent=100,
                    starts_at=now() - days * DAY,
                    ends_at=campaign.deadline,
                    created_by="ada",
                    created_at=now(),
                )
            )
        session.flush()
        add_booked_gift(session, winter, 600)
    found = standing(installation, winter, now())
    assert (found.raised, found.donations, found.donors, found.pending) == (3_600, 3, 3, 370)
    assert [(one.gift.sponsor, one.given) for one in found.matching] == [("A", 600), ("B", 600)]
    assert found.matched == 1_200
    other = standing(installation, summer, now())
    assert (other.raised, other.donations, other.donors, other.pending) == (40_000, 1, 1, 5_000)
    assert [(one.gift.sponsor, one.matched) for one in other.matching] == [("C", 0)]


def test_a_campaign_is_in_each_state_from_its_first_instant() -> None:
    final = END + 14 * DAY
    states = {
        BEGIN - BLINK: ("upcoming", False),
        BEGIN: ("open", False),
        END - BLINK: ("open", False),
        END: ("closed", False),
        final - BLINK: ("closed", False),
        final: ("final", True),
    }
    found = {at: campaign_progress(at=at) for at in states}
    assert {at: (one.state.value, one.final) for at, one in found.items()} == states
    facts = {at: (one.facts()["state"], one.facts()["final"]) for at, one in found.items()}
    assert facts == states
    early = campaign_of()
    early.finalized_at = END
    assert [early.is_final(at) for at in (END, final)] == [True, True]
    assert [campaign_of().is_final(at) for at in (final - BLINK, final)] == [False, True]


def test_a_matching_gift_that_was_ended_meanwhile_is_read_again(installation: Installation) -> None:
    campaign = add_campaign(installation)
    fields = MatchingGiftFields("The Reyes family", "1000")
    with installation.sessions.begin() as session:
        gift = add_matching_gift(session, campaign, fields, ADMIN, now())
    with installation.sessions() as session:
        (before,) = read_progress(session, campaign, now()).matching
        assert before.is_open(now())
        with installation.sessions.begin() as other:
            end_matching_gift(other, campaign, gift.id, ADMIN)
        (after,) = read_progress(session, campaign, now()).matching
        assert not after.is_open(now())
