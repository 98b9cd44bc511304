"""Sentences about progress, the countdown and the result, including a corrected one."""

from datetime import timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from campaign.core.clock import now
from campaign.models import Campaign, StaffRole
from campaign.runtime.context import Installation
from campaign.web.appeal.formatting import (
    ending,
    percent,
    present_countdown,
    present_progress,
    time_left,
)
from tests.support.campaigns import add_booked_gift, add_campaign
from tests.support.figures import BEGIN, END, campaign_of, campaign_progress
from tests.support.staff import StaffMaker
from tests.support.stripe import Facts
from tests.support.waiting import wait_until


@pytest.fixture
def ended(installation: Installation, campaign: Campaign, paid: Facts) -> Campaign:
    """Return a campaign that ended a moment ago with $25 raised."""
    return change(installation, campaign, deadline=now())


def change(installation: Installation, campaign: Campaign, **values: object) -> Campaign:
    with installation.sessions.begin() as session:
        found = session.get_one(Campaign, campaign.id)
        for name, value in values.items():
            setattr(found, name, value)
    return found


def test_during_the_grace_period_the_result_is_provisional(
    client: FlaskClient, ended: Campaign
) -> None:
    page = client.get("/c/nine-days").text
    assert "raised (provisional result)" in page
    assert "The result is provisional until" in page
    assert client.get("/c/nine-days/progress.json").get_json()["final"] is False


def test_after_the_grace_period_the_result_is_final(
    client: FlaskClient, installation: Installation, ended: Campaign
) -> None:
    change(installation, ended, grace_days=0, finalized_at=now(), final_raised=2500)
    page = client.get("/c/nine-days").text
    assert "raised in total" in page
    assert "This is the final result." in page
    assert "corrected" not in page
    assert client.get("/c/nine-days/progress.json").get_json()["final"] is True


def test_a_corrected_result_shows_the_original_one(
    client: FlaskClient, installation: Installation, ended: Campaign
) -> None:
    moment = now() - timedelta(hours=1)
    change(installation, ended, grace_days=0, finalized_at=moment, final_raised=4000)
    page = client.get("/c/nine-days").text
    assert "This is the final result, corrected from $40." in page


def test_past_the_goal_the_page_asks_for_the_stretch_goal(
    installation: Installation, staff: StaffMaker
) -> None:
    campaign = add_campaign(installation, goal="100", stretch_goal=20_000)
    client = staff(StaffRole.viewer)
    assert "The goal of $100 is met" not in client.get("/c/winter").text
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 12_500)
    page = lambda: client.get("/c/winter").text  # noqa: E731 - read anew each time
    wait_until(lambda: "125%. Gifts now go toward the stretch goal of $200." in page())
    assert "The goal of $100 is met" in page()
    assert 'class="goal" x="50.00%"' in page()
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 12_500)
    wait_until(lambda: "The stretch goal of $200 is met too." in page())


def test_no_percentage_on_the_page_has_a_binary_tail(
    installation: Installation, client: FlaskClient
) -> None:
    # 0.7 / 100 in binary is 0.006999999999999999.
    campaign = add_campaign(installation, goal="1000")
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 700)
    for query, sentence in (("", "1 donor, 0.7%."), ("?lang=es", "0.7%")):
        page = lambda query=query: client.get(f"/c/winter{query}").text  # noqa: E731 - read anew
        wait_until(lambda: sentence in page())  # noqa: B023 - used at once
        assert "0.69" not in page()


def test_widths_are_shares_of_the_goal_until_the_total_exceeds_it() -> None:
    shown = present_progress(campaign_progress(raised=2_500_000, pending=500_000, matched=250_000))
    widths = shown.received_width, shown.pending_width, shown.matched_width
    assert [str(one) for one in widths] == ["50.00", "10.00", "5.00"]
    assert (str(shown.goal_position), shown.met) == ("100.00", False)
    beyond = present_progress(
        campaign_progress(raised=5_000_000, pending=2_500_000, matched=2_500_000)
    )
    assert [str(beyond.received_width), str(beyond.goal_position)] == ["50.00", "50.00"]
    assert beyond.met


def test_a_negative_total_is_shown_and_draws_no_bar() -> None:
    shown = present_progress(campaign_progress(raised=-2_500))
    assert (shown.raised, str(shown.received_width)) == (-2_500, "0.00")
    assert shown.percent == Decimal("-0.1")
    assert shown.sentence.startswith("-$25 of $50,000")


def test_the_sentence_names_donors_debits_and_sponsors_only_if_any() -> None:
    assert present_progress(campaign_progress()).sentence == "$0 of $50,000 raised, 0%."
    one = campaign_progress(raised=2_500, pending=1_000, matched=2_500, donations=1, donors=1)
    assert present_progress(one).sentence == (
        "$25 of $50,000 raised by 1 donor, 0.1%."
        " Another $10 in bank debits is being processed and is not counted yet."
        " $25 more comes from matching gifts."
    )
    many = present_progress(campaign_progress(raised=2_500, donors=1_234))
    assert "by 1,234 donors" in many.sentence


def test_the_stretch_goal_appears_after_the_goal_and_only_while_open() -> None:
    stretching = campaign_of(stretch_goal=6_000_000)
    asks, met = (
        "Gifts now go toward the stretch goal of $60,000.",
        "The stretch goal of $60,000 is met too.",
    )
    short, reached, over = (
        present_progress(campaign_progress(stretching, raised=raised)).sentence
        for raised in (4_999_999, 5_000_000, 6_000_000)
    )
    assert (asks in short, asks in reached, asks in over, met in over) == (
        False,
        True,
        False,
        True,
    )
    assert (
        asks not in present_progress(campaign_progress(stretching, END, raised=5_000_000)).sentence
    )


def test_hidden_figures_are_hidden_from_readers_only() -> None:
    hiding = campaign_of(figures_hidden=True, figures_from_percent=50)
    below, above = (
        campaign_progress(hiding, raised=2_499_999),
        campaign_progress(hiding, raised=2_500_000),
    )
    reported = (
        "The goal is $50,000. The amount raised will be shown once it reaches 50% of the goal."
    )
    assert present_progress(below).sentence == reported
    assert "$24,999.99" in present_progress(below, to_staff=True).sentence
    assert present_progress(above).hidden is False
    to_the_end = campaign_progress(campaign_of(figures_hidden=True), raised=9_000_000)
    assert present_progress(to_the_end).sentence.endswith("The amount raised will be shown later.")
    assert present_countdown(to_the_end).headline == "9 days left"


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=1, seconds=1), "1 day left"),
        (timedelta(days=1), "24 hours left"),
        (timedelta(hours=5, minutes=12, seconds=59), "5 hours 12 minutes left"),
        (timedelta(hours=1), "1 hour left"),
        (timedelta(minutes=1, seconds=59), "1 minute left"),
        (timedelta(seconds=1), "1 minute left"),
    ],
)
def test_the_last_day_is_counted_in_hours_and_minutes(left: timedelta, words: str) -> None:
    assert time_left(campaign_progress(at=END - left)) == words


def test_the_countdown_changes_at_each_edge_of_the_window() -> None:
    met = {"raised": 5_000_000}
    headlines = [
        present_countdown(one).headline
        for one in (
            campaign_progress(at=BEGIN - timedelta(microseconds=1)),
            campaign_progress(at=BEGIN),
            campaign_progress(at=END - timedelta(seconds=1), **met),
            campaign_progress(at=END),
        )
    ]
    assert headlines == [
        "Opens on December 1, 2026",
        "30 days left to raise $50,000",
        "The goal of $50,000 is met",
        "This campaign has ended",
    ]
    late = "It ended at 11:59 p.m. on December 31, 2026, Pacific time."
    assert present_countdown(campaign_progress(at=END)).sentence == (
        f"{late} The result is provisional until January 15, 2027"
        " because gifts sent by mail are still arriving."
    )
    over = campaign_progress(
        campaign_of(final_raised=2_500), END + timedelta(days=14), raised=2_500
    )
    assert present_countdown(over).sentence == f"{late} This is the final result."


def test_a_currency_without_decimals_and_a_deadline_with_a_time() -> None:
    yen = campaign_of(
        currency="jpy", goal=5_000_000, timezone="Asia/Tokyo", deadline=END + timedelta(hours=2)
    )
    shown = present_progress(campaign_progress(yen, raised=1_234))
    assert (shown.raised_text, shown.goal_text) == ("¥1,234", "¥5,000,000")
    assert ending(yen) == "7:00 p.m. on January 1, 2027, Japan time"
    assert shown.as_of_iso.endswith("+09:00")


def test_a_percentage_has_at_most_one_decimal() -> None:
    assert [percent(share) for share in (0, Decimal("24.66"), 100, Decimal("1234.5"))] == [
        "0%",
        "24.7%",
        "100%",
        "1,234.5%",
    ]
