"""Subjects and openings of campaign emails: staff texts while they are true, otherwise the defaults."""

from typing import Any

import pytest

from campaign.campaigns.default_texts import StepText, render_opening
from campaign.core.i18n import get_language

VALUES = {
    "title": "100% free",
    "organization": "The Harbor Ledger",
    "goal": "$50,000",
    "raised": "$20,000",
    "left": "$30,000",
    "days": "9 days",
    "days_left": "9 days left",
    "last_day": "Thursday, December 31",
    "ending": "at midnight",
    "hidden": "",
}
LAST_HOURS = {"days": "", "days_left": ""}
MET = {"left": ""}
HIDDEN = {"hidden": "yes", "raised": "", "left": ""}


def begun(
    key: str = "three_days", texts: dict[str, Any] | None = None, locale: str = "en", **values: str
) -> StepText:
    return render_opening(key, texts or {}, VALUES | values, get_language(locale))


@pytest.mark.parametrize(
    ("key", "values", "subject"),
    [
        ("opening", {}, "Our campaign is open: 100% free"),
        ("nine_days", {}, "9 days left, $30,000 to go"),
        (
            "last_day",
            LAST_HOURS,
            "Our campaign ends on Thursday, December 31: $30,000 to go",
        ),
        (
            "opening",
            MET,
            "We met our goal of $50,000. You can still give until Thursday, December 31",
        ),
        ("nine_days", HIDDEN, "9 days left to raise $50,000"),
        ("last_day", HIDDEN | LAST_HOURS, "Our campaign ends on Thursday, December 31"),
        ("last_hours", HIDDEN | LAST_HOURS, "Our last email before the campaign ends"),
        ("last_hours", LAST_HOURS, "Our last email before the campaign ends: $30,000 to go"),
        ("nine_days", {"early": "yes"}, "9 days left to raise $50,000"),
        (
            "nine_days",
            {"early": "yes", "matched": "yes"},
            "Gifts are being matched: 9 days left to raise $50,000",
        ),
        ("nine_days", {"matched": "yes"}, "Gifts are being matched: 9 days left, $30,000 to go"),
        (
            "last_day",
            {"matched": "yes"} | LAST_HOURS,
            "Gifts are being matched: our campaign ends on Thursday, December 31",
        ),
        (
            "last_day",
            MET | {"stretch": "$60,000", "stretch_left": "$8,000"},
            "We met our goal of $50,000. $8,000 more to reach $60,000",
        ),
    ],
)
def test_a_subject_mentions_only_what_is_true_and_public(
    key: str, values: dict[str, str], subject: str
) -> None:
    assert begun(key, **values).subject == subject


def test_after_the_goal_or_on_the_last_day_every_step_has_other_text() -> None:
    steps = ("opening", "seven_days", "three_days", "two_days", "one_of_ours")
    met = {begun(key, **MET).paragraphs for key in steps}
    last = {begun(key, **LAST_HOURS).paragraphs for key in steps}
    usual = {begun(key).paragraphs for key in steps}
    assert (len(met), len(last), len(usual)) == (1, 2, 5)
    assert begun("last_hours", **LAST_HOURS).paragraphs[0].startswith("This is our last email")
    # While the figure is hidden nobody may conclude from the words that the goal is met.
    assert begun("seven_days", **HIDDEN) == begun(
        "seven_days", {"en": {"subject": "9 days left to raise $50,000"}}
    )


def test_text_that_uses_an_empty_value_is_replaced_part_by_part() -> None:
    texts = {"en": {"subject": "{left} to go", "opening": "Until {last_day}."}}
    assert begun(texts=texts) == StepText("$30,000 to go", ("Until Thursday, December 31.",))
    met = begun(texts=texts, **MET)
    assert met.subject.startswith("We met our goal of $50,000")
    assert met.paragraphs == ("Until Thursday, December 31.",)


def test_an_unknown_field_stays_as_typed() -> None:
    text = "Give 5% of {what}, {Left} or {left}, %(left)s"
    kept = begun(texts={"en": {"subject": text, "opening": text}})
    filled = "Give 5% of {what}, {Left} or $30,000, %(left)s"
    assert kept == StepText(filled, (filled,))


def test_blank_lines_part_paragraphs_and_other_ends_of_lines_do_not() -> None:
    text = "One\r\nline.\r\n \t\r\nAnother.\n\n\n  A third. \n"
    kept = begun(texts={"en": {"opening": text}})
    assert kept.paragraphs == ("One line.", "Another.", "A third.")
    assert begun(texts={"en": {"opening": " \n\n "}}) == begun()


def test_each_recipient_gets_text_in_their_language() -> None:
    texts = {"en": {"subject": "Soon"}, "es": {"subject": "Pronto"}}
    assert begun(texts=texts).subject == "Soon"
    assert begun(texts=texts, locale="es-MX").subject == "Pronto"
    assert begun(texts={"es": texts["es"]}) == begun()
    assert begun(texts={"en": texts["en"]}, locale="es") == begun(locale="es")
