"""What the appeal shows besides progress: milestones, donors today, sharing, other languages."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from campaign.campaigns.donors_today import NO_DONORS, DonorsToday
from campaign.models import Milestone
from campaign.web.appeal.page_content import (
    alternates,
    present_milestones,
    present_others,
    present_share,
    present_today,
)
from tests.support.figures import BEGIN, campaign_of, campaign_progress


def reached(mark: str, target: int, after: timedelta = timedelta(days=3)) -> Milestone:
    return Milestone(mark=mark, target=target, reached_at=BEGIN + after)


QUARTER = reached("quarter", 1_250_000)
GOAL = reached("goal", 5_000_000, timedelta(days=9) - timedelta(seconds=1))


def test_a_milestone_is_shown_while_it_still_holds() -> None:
    held = present_milestones(campaign_progress(raised=1_250_000), [QUARTER, GOAL])
    assert [one.sentence for one in held] == ["A quarter of the goal on December 4"]
    assert present_milestones(campaign_progress(raised=1_249_999), [QUARTER]) == []


def test_its_day_is_in_the_campaign_time_zone() -> None:
    (_, goal) = present_milestones(campaign_progress(raised=5_000_000), [QUARTER, GOAL])
    assert (goal.sentence, goal.day_iso) == (
        "The goal of $50,000 was met on December 9",
        "2026-12-09",
    )


def test_hidden_figures_hide_milestones_and_donors_today() -> None:
    hidden = campaign_progress(campaign_of(figures_hidden=True), raised=5_000_000)
    assert present_milestones(hidden, [QUARTER, GOAL]) == []
    assert present_today(hidden, DonorsToday(12, more=False)) == ""


@pytest.mark.parametrize(
    ("today", "sentence"),
    [
        (NO_DONORS, ""),
        (DonorsToday(2, more=False), ""),
        (DonorsToday(3, more=False), "3 readers gave today."),
        (DonorsToday(2_000, more=True), "More than 2,000 readers gave today."),
    ],
)
def test_too_few_donors_today_are_not_shown(today: DonorsToday, sentence: str) -> None:
    assert present_today(campaign_progress(), today) == sentence


@pytest.mark.parametrize(("query", "kept"), [("", ""), ("?lang=es", "?lang=es")])
def test_share_links_name_only_the_page(app: Flask, query: str, kept: str) -> None:
    with app.test_request_context(f"/c/winter{query}&code=from-ana" if query else "/c/winter"):
        shared = present_share(campaign_of(), "Bread & roses?")
    assert shared.url == f"http://localhost/c/winter{kept}"
    sent_email = parse_qs(urlsplit(shared.mailto).query)
    assert sent_email == {"subject": ["Bread & roses?"], "body": [shared.url]}
    assert "+" not in shared.mailto


def test_every_language_has_an_address_and_english_is_the_default(app: Flask) -> None:
    with app.test_request_context("/c/winter?lang=es"):
        found = {one.tag: one.url for one in alternates("winter")}
    assert found["en"] == found["x-default"] == "http://localhost/c/winter"
    assert found["es"] == "http://localhost/c/winter?lang=es"


def test_other_campaigns_keep_the_given_order() -> None:
    others = [campaign_of(slug="b", title="Second"), campaign_of(slug="a", title="First")]
    assert [(one.slug, one.title.text) for one in present_others(others)] == [
        ("b", "Second"),
        ("a", "First"),
    ]
