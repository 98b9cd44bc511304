"""Matching gifts as readers see them: only while the window is open and money is left."""

from datetime import timedelta

from campaign.web.appeal.matching_gifts import REMAINING, offer_text, present_sponsors
from tests.support.figures import BEGIN, END, campaign_of, campaign_progress, matching_status

CUT = BEGIN + timedelta(days=14)


def sentences(**changes: object) -> list[str]:
    return [one.sentence for one in present_sponsors(campaign_progress(**changes))]


def test_a_matching_gift_shows_its_end_ratio_and_what_is_left() -> None:
    (shown,) = present_sponsors(
        campaign_progress(matching=(matching_status(20_000),), matched=20_000)
    )
    assert shown.sentence == (
        "Until December 31, the Reyes family adds $1 for each $1 you give; $800 of $1,000 is left."
    )
    assert shown.template == shown.sentence.replace("$800", REMAINING)
    assert (shown.pool, shown.others) == (100_000, 0)
    assert shown.ends_iso == "2027-01-01T00:00:00-08:00"


def test_what_other_sponsors_add_is_separate() -> None:
    every = (
        matching_status(20_000),
        matching_status(30_000, sponsor="a foundation", ratio_percent=50),
    )
    shown = present_sponsors(campaign_progress(matching=every, matched=35_000))
    assert [one.others for one in shown] == [15_000, 20_000]
    assert "a foundation adds $0.50 for each $1" in shown[1].sentence


def test_one_that_is_not_open_now_is_not_shown() -> None:
    later = matching_status(starts_at=CUT)
    assert sentences(at=CUT - timedelta(microseconds=1), matching=(later,)) == []
    assert len(sentences(at=CUT, matching=(later,))) == 1
    over = matching_status(ends_at=CUT)
    assert len(sentences(at=CUT - timedelta(microseconds=1), matching=(over,))) == 1
    assert sentences(at=CUT, matching=(over,)) == []
    assert sentences(at=CUT, matching=(matching_status(ended_at=CUT),)) == []
    assert sentences(at=CUT, matching=(matching_status(100_000),)) == []


def test_nothing_is_shown_once_the_campaign_is_closed() -> None:
    longer = matching_status(ends_at=END + timedelta(days=9))
    assert len(sentences(at=END - timedelta(seconds=1), matching=(longer,))) == 1
    assert sentences(at=END, matching=(longer,)) == []


def test_while_figures_are_hidden_the_rest_of_the_pool_is_too() -> None:
    hiding = campaign_of(figures_hidden=True)
    (shown,) = present_sponsors(
        campaign_progress(hiding, matching=(matching_status(20_000),), matched=20_000)
    )
    assert shown.sentence == ("Until December 31, the Reyes family adds $1 for each $1 you give.")


def test_a_window_that_ends_during_a_day_shows_the_time() -> None:
    offer = offer_text(campaign_of(), matching_status(ends_at=CUT + timedelta(hours=17)))
    assert offer == "Until 5:00 p.m. on December 15, the Reyes family adds $1 for each $1"
