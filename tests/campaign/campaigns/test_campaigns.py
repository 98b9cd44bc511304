"""Campaigns: what creation rejects, their status, and which one is current."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from campaign.campaigns.campaigns import (
    NewCampaign,
    campaign_for_renewal,
    create_campaign,
    current_campaign,
    find_campaign,
)
from campaign.core import clock
from campaign.core.errors import (
    AmountInvalid,
    CampaignError,
    CampaignInvalid,
    DeadlineInvalid,
    NotFound,
)
from campaign.models import Campaign
from campaign.runtime.context import Installation

WANTED = NewCampaign(
    slug="nine-days",
    title="Keep every story free to read",
    goal="50000",
    start="2026-12-22",
    deadline="2026-12-31",
    timezone="America/Los_Angeles",
)
BLINK = timedelta(microseconds=1)


def create(installation: Installation, **changes: Any) -> Campaign:
    with installation.sessions.begin() as session:
        return create_campaign(session, replace(WANTED, **changes))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_campaign_has_a_window_a_goal_and_suggestions(installation: Installation) -> None:
    made = create(installation, title="  Keep every story free  ")
    assert (made.slug, made.title, made.currency) == ("nine-days", "Keep every story free", "usd")
    assert (made.goal, made.smallest_amount) == (5_000_000, 50)
    assert made.suggested_amounts == [1000, 2500, 5000, 10_000, 25_000]
    assert made.starts_at == at("2026-12-22T00:00-08:00")
    assert made.deadline == at("2027-01-01T00:00-08:00")
    assert made.deadline_wall_clock == "2027-01-01T00:00:00"


def test_a_campaign_without_a_start_begins_now(installation: Installation) -> None:
    before = clock.now()
    made = create(installation, start=None, deadline="2099-12-31")
    assert before <= made.starts_at <= clock.now()


@pytest.mark.parametrize("currency", ["jpy", "KWD", "isk", "huf", "eur"])
def test_every_currency_has_usable_suggestions(installation: Installation, currency: str) -> None:
    made = create(installation, currency=currency)
    assert made.currency == currency.lower()
    assert made.smallest_amount <= min(made.suggested_amounts)


def test_suggestions_are_sorted_without_duplicates(installation: Installation) -> None:
    made = create(installation, suggested=("25", "$10", "25.00", "1,000"), smallest="5")
    assert made.suggested_amounts == [1000, 2500, 100_000]
    assert made.smallest_amount == 500


@pytest.mark.parametrize(
    ("changes", "error", "why"),
    [
        ({"slug": ""}, CampaignInvalid, "cannot be part of an address"),
        ({"slug": "Nine"}, CampaignInvalid, "cannot be part of an address"),
        ({"slug": "nine days"}, CampaignInvalid, "cannot be part of an address"),
        ({"slug": "nine--days"}, CampaignInvalid, "cannot be part of an address"),
        ({"slug": "-nine"}, CampaignInvalid, "cannot be part of an address"),
        ({"slug": "nine\n"}, CampaignInvalid, "cannot be part of an address"),
        ({"slug": "neuf-ét\u0117s"}, CampaignInvalid, "cannot be part of an address"),
        ({"slug": "../staff"}, CampaignInvalid, "cannot be part of an address"),
        ({"slug": "a" * 81}, CampaignInvalid, "cannot be part of an address"),
        ({"title": " \t"}, CampaignInvalid, "Enter a title"),
        ({"goal": "0"}, AmountInvalid, "more than zero"),
        ({"goal": "-5"}, AmountInvalid, "not an amount"),
        ({"goal": "1e9"}, AmountInvalid, "not an amount"),
        ({"goal": "a lot"}, AmountInvalid, "not an amount"),
        ({"currency": "dollar"}, AmountInvalid, "not a currency"),
        ({"timezone": "PST"}, DeadlineInvalid, "not a time zone"),
        ({"deadline": "tomorrow"}, DeadlineInvalid, "neither a date"),
        ({"deadline": "2027-02-29"}, DeadlineInvalid, "not a valid date"),
        ({"deadline": "2027-03-14T02:30"}, DeadlineInvalid, "does not exist"),
        ({"start": "soon"}, DeadlineInvalid, "neither a date"),
        ({"deadline": "2026-12-21"}, CampaignInvalid, "must be after the start"),
        ({"start": "2027-01-01T00:00-08:00"}, CampaignInvalid, "must be after the start"),
        ({"start": None, "deadline": "2020-01-01"}, CampaignInvalid, "must be after the start"),
        ({"suggested": ("10", "ten")}, AmountInvalid, "not an amount"),
        (
            {"suggested": ("0.10",)},
            CampaignInvalid,
            "between the smallest amount and the largest possible charge",
        ),
        (
            {"suggested": ("1000000",)},
            CampaignInvalid,
            "between the smallest amount and the largest possible charge",
        ),
        ({"smallest": "0"}, AmountInvalid, "more than zero"),
    ],
)
def test_invalid_campaigns_are_rejected_with_the_reason(
    installation: Installation, changes: dict[str, Any], error: type[CampaignError], why: str
) -> None:
    with pytest.raises(error, match=why):
        create(installation, **changes)
    with installation.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Campaign)) == 0


def test_a_slug_can_be_used_only_once(installation: Installation) -> None:
    create(installation)
    with pytest.raises(CampaignInvalid, match="There is already a campaign called 'nine-days'"):
        create(installation)


def test_a_rejected_slug_leaves_the_transaction_usable(installation: Installation) -> None:
    create(installation)
    with installation.sessions.begin() as session:
        with pytest.raises(CampaignInvalid):
            create_campaign(session, WANTED)
        create_campaign(session, replace(WANTED, slug="another"))
    with installation.sessions() as session:
        assert find_campaign(session, "another").title == WANTED.title


def test_an_unknown_slug_is_not_found(installation: Installation) -> None:
    with installation.sessions() as session, pytest.raises(NotFound, match="'nowhere'"):
        find_campaign(session, "nowhere")


def test_the_open_campaign_that_ends_soonest_is_current(installation: Installation) -> None:
    create(installation, slug="later", deadline="2027-01-31")
    create(installation, slug="sooner")
    create(installation, slug="over", start="2026-12-01", deadline="2026-12-20")
    create(installation, slug="to-come", start="2026-12-30", deadline="2026-12-30")
    with installation.sessions() as session:

        def current(text: str) -> str | None:
            found = current_campaign(session, at(text))
            return found.slug if found else None

        assert current("2026-12-24T12:00-08:00") == "sooner"
        assert current("2026-12-29T23:59:59-08:00") == "sooner"
        assert current("2026-12-30T00:00-08:00") == "to-come"
        assert current("2026-12-30T12:00-08:00") == "to-come"
        assert current("2026-12-30T23:59:59-08:00") == "to-come"
        assert current("2026-12-31T00:00-08:00") == "sooner"
        assert current("2027-01-01T00:00-08:00") == "later"
        assert current("2027-03-01T00:00-08:00") == "later"


def test_there_is_no_current_campaign_before_the_first(installation: Installation) -> None:
    with installation.sessions() as session:
        assert current_campaign(session, clock.now()) is None


def test_a_renewal_counts_for_its_own_campaign_else_an_open_one_else_none(
    installation: Installation,
) -> None:
    began_in = create(installation)
    create(installation, slug="spring", start="2027-03-01", deadline="2027-04-30")
    create(installation, slug="euros", start="2027-03-01", deadline="2027-03-31", currency="eur")
    with installation.sessions() as session:

        def counted(text: str) -> str | None:
            found = campaign_for_renewal(session, began_in, at(text))
            return found.slug if found else None

        assert counted("2026-12-31T23:59-08:00") == "nine-days"
        assert counted(began_in.starts_at.isoformat()) == "nine-days"
        assert counted("2027-01-01T00:00-08:00") is None
        assert counted("2027-03-10T12:00-08:00") == "spring"
        assert counted("2027-02-01T12:00-08:00") is None
