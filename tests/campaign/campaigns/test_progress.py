"""Progress as the page, the stream and `progress.json` show it."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from campaign.campaigns.progress import Progress, read_progress
from campaign.core.clock import now
from campaign.models import Campaign
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
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
    assert (found.raised, found.pending, found.matched, found.percent) == (0, 0, 0, 0.0)
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
    assert (found.raised, found.donations, found.donors, found.percent) == (7500, 3, 2, 0.2)


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
        (0, 0.0),
        (2499, 0.0),
        (2500, 0.1),
        (1234500, 24.7),
        (5000000, 100.0),
        (7500000, 150.0),
        (50000000, 1000.0),
        (-2500, -0.1),
    ],
)
def test_percent_has_one_decimal_and_no_cap(
    campaign: Campaign, raised: int, percent: float
) -> None:
    assert of(campaign, raised).percent == percent


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
