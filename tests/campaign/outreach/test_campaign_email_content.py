"""What an appeal must say in whatever words, and what may stand in it."""

from datetime import timedelta

import pytest

from campaign.campaigns.progress import Progress
from campaign.core.i18n import words
from campaign.emails.sample_facts import END, campaign
from campaign.mailer.merge_fields import fill
from campaign.mailer.render import render_letter
from campaign.models import CampaignStep
from campaign.outreach.campaign_email_content import appeal_context, mail_code
from tests.support.sample_emails import PLACES, SENDER, sample_letter

STEPS = ("opening", "nine_days", "seven_days", "three_days", "two_days", "last_day", "last_hours")


@pytest.mark.parametrize("key", STEPS)
def test_each_step_tells_figure_end_code_post_and_that_nobody_must(key: str) -> None:
    letter = sample_letter(f"appeal_{key}")
    text = " ".join(letter.text.split())
    for said in (
        "of $50,000",
        "midnight at the end of Thursday, December 31, Pacific time",
        f"https://give.example.org/c/year-end-2026?code=mail-{key.replace('_', '-')}#give",
        "make a check payable to The Harbor Ledger, write YEAR-END-2026 on it",
        "A gift postmarked by December 31, 2026 counts",
        "Our site stays free for everyone, and nobody is required to give.",
    ):
        assert said in text
    assert letter.html.count('class="button"') == 1


def test_each_step_has_words_of_its_own() -> None:
    openings = {sample_letter(f"appeal_{key}").text.split("Dear Ana Reyes,")[1] for key in STEPS}
    assert len(openings) == len(STEPS)


@pytest.mark.parametrize("key", STEPS)
def test_a_step_sent_at_another_hour_than_planned_still_tells_the_truth(key: str) -> None:
    early = _text(key, before=timedelta(days=6))
    assert "5 days left" in early
    assert "last letter before" not in early
    late = _text(key, before=timedelta(minutes=20))
    for untrue in ("days left", "day left", "hours left", "opened a campaign"):
        assert untrue not in late
    assert "December 31" in late


def test_staffs_own_words_go_before_ours_and_stay_words() -> None:
    letter = sample_letter("appeal_own_words")
    assert letter.subject == "From our desk: 2 days left"
    assert "We have $31,250 & need $18,750 <more>." in letter.text
    assert "We have $31,250 &amp; need $18,750 &lt;more&gt;." in letter.html
    assert "Our campaign ends in" not in letter.text
    assert sample_letter("appeal_own_words", "es").subject == "Desde la redacción: Quedan 2 días"


def test_staffs_words_about_what_is_over_give_way_to_ours() -> None:
    texts = {"en": {"subject": "{days_left}, {left} to go", "opening": "{days} are left. {other}"}}
    early = _text("three_days", before=timedelta(days=3), texts=texts)
    assert early.startswith("2 days left, $18,750 to go\n")
    assert "2 days are left. {other}" in early
    late = _text("three_days", before=timedelta(hours=3), texts=texts)
    assert late.startswith("Our campaign ends on Thursday, December 31: $18,750 still to raise\n")
    assert "are left." not in late


def test_words_in_another_language_are_not_sent_to_this_reader() -> None:
    texts = {"es": {"subject": "Solo en español", "opening": "Hola."}}
    assert "español" not in _text("three_days", before=timedelta(days=3), texts=texts)


def test_a_hostile_title_begins_no_header_and_no_element() -> None:
    text = _text("opening", before=timedelta(days=30), title="A\r\nBcc: x@y.example <b>\x00")
    assert text.splitlines()[0] == "Our campaign is open: A Bcc: x@y.example <b>"


def test_past_donors_are_told_why_only_where_they_are_asked() -> None:
    assert "gave to an earlier campaign" in sample_letter("appeal_opening").text.replace("\n", " ")
    assert "earlier campaign" not in _text("opening", before=timedelta(days=9), asked=False)


def test_an_end_that_was_moved_is_told_with_its_reason() -> None:
    text = sample_letter("appeal_extended").text.replace("\n", " ")
    assert "was moved from Thursday, December 24 to Thursday, December 31." in text
    assert "a storm kept our office closed" in text


def test_once_the_goal_is_met_nothing_is_still_to_raise() -> None:
    letter = sample_letter("appeal_goal_met")
    assert letter.subject == "The goal of $50,000 is met; open until Thursday, December 31"
    assert "still to raise" not in letter.text


def test_a_result_says_whether_it_is_final_and_what_it_missed() -> None:
    met, short = (sample_letter(name).text for name in ("wrap_up", "wrap_up_short"))
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
    """Subject and text of the step `key`, made that long before the end."""
    shown = campaign()
    shown.title, shown.ask_past_donors = title, asked
    progress = Progress(shown, 3_125_000, 0, 0, 430, 412, END - before)
    step = CampaignStep(key=key, texts=texts or {})
    context = appeal_context(progress, step, None, SENDER, words("en"))
    letter = fill(render_letter("appeal", context), PLACES)
    assert "<b>" not in letter.html
    return f"{letter.subject}\n\n{letter.text}"
