"""What every appeal must say, and what it may contain."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaign.campaigns.progress import MatchingStatus, Progress
from campaign.core.i18n import get_language
from campaign.emails.sample_facts import END, campaign
from campaign.mailer.merge_fields import fill
from campaign.mailer.render import render_email
from campaign.models import CampaignStep, Extension, MatchingGift
from campaign.outreach.campaign_email_content import (
    appeal_context,
    extension_context,
    mail_code,
    reminder_context,
    result_context,
)
from tests.support.sample_emails import MERGE_FIELDS, SENDER, sample_email

STEPS = ("opening", "nine_days", "seven_days", "three_days", "two_days", "last_day", "last_hours")


@pytest.mark.parametrize("key", STEPS)
def test_each_step_shows_figure_deadline_code_and_how_to_give_by_mail(key: str) -> None:
    sent_email = sample_email(f"appeal_{key}")
    text = " ".join(sent_email.text.split())
    for said in (
        "Our goal is $50,000." if key == "opening" else "of $50,000",
        "11:59 p.m. on Thursday, December 31, Pacific time",
        f"https://give.example.org/c/year-end-2026?code=mail-{key.replace('_', '-')}#give",
        "make a check payable to The Harbor Ledger, write YEAR-END-2026 on the memo line",
        "Checks postmarked by December 31, 2026 count",
        "Our site stays free for everyone, whether or not you give.",
    ):
        assert said in text
    assert sent_email.html.count('class="button"') == 1


def test_each_step_has_its_own_text() -> None:
    openings = {sample_email(f"appeal_{key}").text.split("Dear Ana Reyes,")[1] for key in STEPS}
    assert len(openings) == len(STEPS)


@pytest.mark.parametrize("key", STEPS)
def test_a_step_sent_at_another_hour_than_planned_is_still_true(key: str) -> None:
    early = _text(key, before=timedelta(days=6))
    assert "5 days left" in early
    assert "last email before" not in early
    late = _text(key, before=timedelta(minutes=20))
    for untrue in ("days left", "day left", "hours left"):
        assert untrue not in late
    assert "When we sent this email, less than an hour remained." in " ".join(late.split())
    assert "December 31" in late


def test_staff_texts_replace_the_defaults_and_are_escaped() -> None:
    sent_email = sample_email("appeal_own_words")
    assert sent_email.subject == "From our desk: 2 days left"
    assert "We have $31,250 & need $18,750 <more>." in sent_email.text
    assert "We have $31,250 &amp; need $18,750 &lt;more&gt;." in sent_email.html
    assert "Our campaign ends in" not in sent_email.text
    assert sample_email("appeal_own_words", "es").subject == "Desde la redacción: Quedan 2 días"


def test_outdated_staff_texts_are_replaced_by_the_defaults() -> None:
    texts = {"en": {"subject": "{days_left}, {left} to go", "opening": "{days} are left. {other}"}}
    early = _text("three_days", before=timedelta(days=3), texts=texts)
    assert early.startswith("2 days left, $18,750 to go\n")
    assert "2 days are left. {other}" in early
    late = _text("three_days", before=timedelta(hours=3), texts=texts)
    assert late.startswith("Our campaign ends on Thursday, December 31: $18,750 to go\n")
    assert "are left." not in late


def test_text_in_another_language_is_not_sent() -> None:
    texts = {"es": {"subject": "Solo en español", "opening": "Hola."}}
    assert "español" not in _text("three_days", before=timedelta(days=3), texts=texts)


def test_a_hostile_title_injects_no_header_and_no_element() -> None:
    text = _text("opening", before=timedelta(days=30), title="A\r\nBcc: x@y.example <b>\x00")
    assert text.splitlines()[0] == "Our campaign is open: A Bcc: x@y.example <b>"


def test_past_donors_are_mentioned_only_if_the_campaign_asks_them() -> None:
    assert "gave to an earlier campaign" in sample_email("appeal_opening").text.replace("\n", " ")
    assert "earlier campaign" not in _text("opening", before=timedelta(days=9), asked=False)


def test_a_moved_deadline_is_shown_with_its_reason() -> None:
    text = sample_email("appeal_extended").text.replace("\n", " ")
    assert "from Thursday, December 24 to Thursday, December 31." in text
    assert "a storm kept our office closed" in text


def test_with_next_to_nothing_raised_an_email_asks_without_the_bar() -> None:
    early = sample_email("appeal_early")
    text = " ".join(early.text.split())
    assert early.subject == "6 days left to raise $50,000"
    assert "Our goal is $50,000." in text
    for shown in ("$200", "0.4%", "of the goal", "still need"):
        assert shown not in early.subject + text + early.html


@pytest.mark.parametrize(("raised", "bar"), [(0, False), (249_999, False), (250_000, True)])
def test_the_bar_is_shown_from_a_twentieth_of_the_goal(raised: int, bar: bool) -> None:
    step = CampaignStep(key="nine_days", texts={"en": {"subject": "{raised} of {goal}"}})
    context = appeal_context(_progress(raised), step, None, SENDER, get_language("en"))
    email = fill(render_email("appeal", context), MERGE_FIELDS)
    assert ('class="bar"' in email.html) is bar
    assert email.subject.startswith("$") is bar


def test_the_first_email_to_a_reader_introduces_the_campaign() -> None:
    first, usual = sample_email("appeal_first"), sample_email("appeal_three_days")
    introduction = "We are asking our readers to help us raise $50,000 by Thursday, December 31."
    assert introduction in " ".join(first.text.split())
    assert introduction not in " ".join(usual.text.split())


def test_an_introduction_uses_the_words_of_staff_and_is_left_out_once_the_goal_is_met() -> None:
    step = CampaignStep(key="three_days", texts={})
    opening = CampaignStep(key="opening", texts={"en": {"opening": "We are the paper of Astoria."}})
    shown = [
        appeal_context(_progress(raised), step, None, SENDER, get_language("en"), opening)
        for raised in (1_000_000, 5_100_000)
    ]
    assert shown[0]["opening"][0] == "We are the paper of Astoria."
    assert [len(context["opening"]) for context in shown] == [2, 1]


def test_an_open_match_is_named_with_sponsor_ratio_rest_and_end() -> None:
    matched = sample_email("appeal_matched")
    assert matched.subject == "Gifts are being matched: 6 days left, $37,500 to go"
    sentence = (
        "Until 9:00 a.m. on December 27, the Reyes family adds $1 for each $1 you give, up to $10,000 in all."
        " When we sent this email, $3,600 of that was left."
    )
    assert sentence in " ".join(matched.text.split())
    assert sentence in matched.html


@pytest.mark.parametrize(
    ("given", "hours", "matched"),
    [(0, 1, True), (999_999, 1, True), (1_000_000, 1, False), (0, 0, False), (0, -1, False)],
)
def test_a_match_that_is_used_up_or_over_is_not_mentioned(
    given: int, hours: int, matched: bool
) -> None:
    progress = _progress(3_125_000)
    gift = MatchingGift(
        sponsor="the Reyes family",
        pool=1_000_000,
        ratio_percent=100,
        starts_at=progress.as_of - timedelta(days=1),
        ends_at=progress.as_of + timedelta(hours=hours),
    )
    progress = replace(progress, matching=(MatchingStatus(gift, given),))
    step = CampaignStep(key="seven_days", texts={})
    context = appeal_context(progress, step, None, SENDER, get_language("en"))
    assert bool(context["matches"]) is matched
    assert ("matched" in context["subject"]) is matched


def test_a_stretch_goal_is_what_is_asked_for_once_the_goal_is_met() -> None:
    stretch = sample_email("appeal_stretch")
    assert stretch.subject == "We met our goal of $50,000. $7,690 more to reach $60,000"
    assert "We are now working toward $60,000, and $7,690 is still missing." in " ".join(
        stretch.text.split()
    )
    assert "still need" not in stretch.text


def test_an_extension_is_told_with_both_ends_and_the_reason() -> None:
    moved, reopened = sample_email("extension"), sample_email("extension_reopened")
    assert moved.subject == "New end date: our campaign is open until Thursday, December 31"
    assert (
        "We wrote that our campaign would end on Thursday, December 24. It now ends on Thursday, December 31."
        " The reason: a storm kept our office closed for a week."
    ) in " ".join(moved.text.split())
    assert "Our campaign ended on Thursday, December 24. It is open again" in " ".join(
        reopened.text.split()
    )
    assert "code=mail-extension#give" in moved.text


def test_an_extension_by_hours_is_told_with_the_times() -> None:
    told = END - timedelta(hours=3)
    extension = Extension(
        previous_deadline=told, deadline=END, reason="x", created_at=told - timedelta(hours=2)
    )
    context = extension_context(
        _progress(3_125_000, at=told), extension, told, SENDER, get_language("en")
    )
    assert context["change_text"] == (
        "We wrote that our campaign would end at 9:00 p.m. on Thursday, December 31, Pacific time."
        " It now ends at 11:59 p.m. on Thursday, December 31, Pacific time."
    )


def test_once_the_goal_is_met_no_amount_is_missing() -> None:
    sent_email = sample_email("appeal_goal_met")
    assert sent_email.subject == (
        "We met our goal of $50,000. You can still give until Thursday, December 31"
    )
    assert "to go" not in sent_email.text
    assert "still need" not in sent_email.text


def test_a_result_says_whether_it_is_final_and_what_it_missed() -> None:
    met, short = (sample_email(name).text for name in ("wrap_up", "wrap_up_short"))
    assert "provisional until January 15, 2027" in met.replace("\n", " ")
    assert "$2,874.50 short of its goal" in short
    assert "This result is final." in short


def test_a_code_is_no_longer_than_a_donation_keeps() -> None:
    assert mail_code("nine_days") == "mail-nine-days"
    assert len(mail_code("x" * 100)) == 64


def _text(
    key: str,
    *,
    before: timedelta,
    title: str = "Keep every story free to read",
    texts: dict[str, dict[str, str]] | None = None,
    asked: bool = True,
) -> str:
    """Return the subject and text of the step `key`, rendered that long before the end."""
    shown = campaign()
    shown.title, shown.ask_past_donors = title, asked
    progress = Progress(shown, 3_125_000, 0, 0, 430, 412, END - before)
    step = CampaignStep(key=key, texts=texts or {})
    context = appeal_context(progress, step, None, SENDER, get_language("en"))
    sent_email = fill(render_email("appeal", context), MERGE_FIELDS)
    assert "<b>" not in sent_email.html
    return f"{sent_email.subject}\n\n{sent_email.text}"


def _result(raised: int, locale: str = "en", **changes: Any) -> dict[str, Any]:
    return result_context(_progress(raised, at=END, **changes), SENDER, get_language(locale))


def _progress(
    raised: int, *, at: datetime = END - timedelta(days=3), pending: int = 0, **changes: Any
) -> Progress:
    shown = campaign()
    for name, value in changes.items():
        setattr(shown, name, value)
    return Progress(shown, raised, pending, 0, 430, 412, at)


@pytest.mark.parametrize("texts", [{}, {"en": {"subject": "{raised} so far"}}])
def test_a_hidden_figure_appears_in_no_field_until_the_end(texts: dict[str, Any]) -> None:
    step = CampaignStep(key="three_days", texts=texts)
    shown = _progress(3_125_099, pending=77_700, figures_hidden=True)
    context = appeal_context(shown, step, None, SENDER, get_language("en"))
    assert context["figure"] == "The goal is $50,000. The amount raised will be shown later."
    for figure in ("31,250", "18,749", "777", "412", "62"):
        assert figure not in str(context), figure
    sent_email = fill(render_email("appeal", context), MERGE_FIELDS)
    assert "We met our goal" not in sent_email.subject + sent_email.text
    assert "The amount raised will be shown later." in sent_email.text.replace("\n", " ")
    assert "% of the goal" not in sent_email.text + sent_email.html
    assert "$31,250.99 of $50,000" in _result(3_125_099, figures_hidden=True)["figure"]


@pytest.mark.parametrize("hidden", [False, True])
def test_a_shown_figure_has_its_bar_and_a_hidden_one_has_none(hidden: bool) -> None:
    progress = _progress(3_125_000, figures_hidden=hidden)
    context = reminder_context(progress, None, SENDER, get_language("en"))
    sent_email = fill(render_email("reminder", context), MERGE_FIELDS)
    for text in (sent_email.text, sent_email.html):
        assert ("62.5% of the goal" in text) is not hidden


@pytest.mark.parametrize(
    ("raised", "percent", "text"),
    [
        (0, 0, "0%"),
        (-100, 0, "0%"),
        (-100_000, 0, "-2%"),
        (4_999_999, 100, "100%"),
        (6_250_000, 100, "125%"),
    ],
)
def test_a_bar_is_full_at_most_and_never_less_than_empty(
    raised: int, percent: int, text: str
) -> None:
    reported = _result(raised)
    assert (reported["percent"], reported["percent_text"]) == (percent, text)


def test_a_result_that_missed_by_a_cent_has_missed_and_one_that_met_has_not() -> None:
    assert _result(4_999_999)["short_text"] == "$0.01"
    assert _result(5_000_000)["short_text"] == ""
    yen = _result(4_999_000, currency="jpy")
    assert (yen["short_text"], yen["goal_text"]) == ("¥1,000", "¥5,000,000")


def test_links_carry_the_email_code_and_its_language() -> None:
    begin = "https://give.example.org/c/year-end-2026?code=mail"
    reported = reminder_context(_progress(0), None, SENDER, get_language("es"))
    assert reported["campaign_url"] == f"{begin}-reminder&lang=es"
    assert reported["give_url"] == f"{begin}-reminder&lang=es#give"
    assert _result(0)["campaign_url"] == f"{begin}-wrap-up"


def test_the_promised_amount_is_shown_while_there_is_one() -> None:
    assert _result(0)["promised_text"] == ""
    assert (
        result_context(_progress(0, pending=100), SENDER, get_language("en"))["promised_text"]
        == "$1"
    )


def test_a_reason_ends_where_the_sentence_around_it_goes_on() -> None:
    moved = Extension(previous_deadline=END - timedelta(days=7), deadline=END, reason="A storm. ")
    reported = reminder_context(_progress(0), moved, SENDER, get_language("en"))["moved"]
    assert reported == {
        "before": "Thursday, December 24",
        "after": "Thursday, December 31",
        "reason": "A storm",
    }
    assert reminder_context(_progress(0), None, SENDER, get_language("en"))["moved"] == {}


def test_one_day_is_one_day() -> None:
    texts = {"en": {"subject": "{days} to go"}}
    assert _text("last_day", before=timedelta(hours=36), texts=texts).startswith("1 day to go\n")


def test_the_longest_day_of_the_year_is_one_day_too() -> None:
    """When clocks go back, more than 24 hours are left on the last day itself."""
    end = datetime(2026, 11, 2, 8, tzinfo=UTC)  # midnight in Los Angeles
    progress = _progress(0, at=end - timedelta(hours=24, minutes=30), deadline=end)
    step = CampaignStep(key="last_day", texts={"en": {"subject": "{days}: {days_left}"}})
    context = appeal_context(progress, step, None, SENDER, get_language("en"))
    assert context["subject"] == "1 day: 1 day left"


def test_staff_may_name_every_figure_and_day_in_their_text() -> None:
    text = (
        "{title} | {organization} | {goal} | {raised} | {left} | {days} | {days_left} | {last_day}"
        " | {ending}"
    )
    step = CampaignStep(key="three_days", texts={"en": {"subject": text}})
    context = appeal_context(_progress(3_125_000), step, None, SENDER, get_language("en"))
    assert context["subject"].split(" | ") == [
        "Keep every story free to read",
        "The Harbor Ledger",
        "$50,000",
        "$31,250",
        "$18,750",
        "2 days",
        "2 days left",
        "Thursday, December 31",
        "11:59 p.m. on Thursday, December 31, Pacific time",
    ]


def test_a_reminder_says_what_is_missing_and_what_is_promised() -> None:
    context = reminder_context(
        _progress(3_125_000, pending=12_300), None, SENDER, get_language("en")
    )
    text = fill(render_email("reminder", context), MERGE_FIELDS).text.replace("\n", " ")
    assert "We still need $18,750." in text
    assert "$123" in text
    assert "2 days left" in text
