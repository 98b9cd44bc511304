"""How each letter of the countdown begins: its subject and its first paragraph, by default and as staff wrote them.

Every sentence is true whenever it is sent and read: days are counted when the letter is rendered, and of the last
24 hours only the end is told.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaign.core.i18n import Language, supported_locale

_VALUE = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True)
class StepText:
    """A subject, and paragraphs of plain text."""

    subject: str
    paragraphs: tuple[str, ...]


def render_opening(
    key: str, texts: Mapping[str, Any], values: Mapping[str, str], language: Language
) -> StepText:
    """The opening of the step `key`. `texts` are the step's own, by language, and go before the defaults.

    `values`: title, organization, goal, raised, left ('' once the goal is met), days (`9 days`; '' in the last 24
    hours), days_left (`9 days left`), last_day and ending. Staff may write each in braces: `{left}`. Where `hidden` is
    'yes', raised and left are '' because nobody is told the figure yet.
    """
    own = _own(texts, language)
    subject = _filled(own.get("subject", ""), values) or _subject(key, values, language)
    paragraphs = _paragraphs(_filled(own.get("opening", ""), values))
    return StepText(subject, paragraphs or (_default(key, values, language) % values,))


def _own(texts: Mapping[str, Any], language: Language) -> Mapping[str, str]:
    """What staff wrote in the reader's language; the reader does not get it in another."""
    for name, own in texts.items():
        if supported_locale(name) == supported_locale(language.locale) and name.startswith(
            language.locale
        ):
            return {part: str(text).strip() for part, text in own.items() if text}
    return {}


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Braces around anything else are left as they were typed. '' where a value that is named has nothing to tell:
    what is left once the goal is met, or the days of the last day."""
    if any(values.get(name) == "" for name in _VALUE.findall(text)):
        return ""
    return _VALUE.sub(lambda found: values.get(found[1], found[0]), text)


def _paragraphs(text: str) -> tuple[str, ...]:
    parts = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n")))
    return tuple(filter(None, parts))


def _subject(key: str, values: Mapping[str, str], language: Language) -> str:
    hidden = bool(values.get("hidden"))
    if not values["left"] and not hidden:
        text = language.gettext("The goal of %(goal)s is met; open until %(last_day)s")
    elif key == "opening":
        text = language.gettext("Our campaign is open: %(title)s")
    elif hidden:
        text = (
            language.gettext("%(days_left)s to raise %(goal)s")
            if values["days"]
            else language.gettext("Our campaign ends on %(last_day)s")
        )
    elif not values["days"]:
        text = language.gettext("Our campaign ends on %(last_day)s: %(left)s still to raise")
    else:
        text = language.gettext("%(days_left)s, %(left)s still to raise")
    return text % values


def _default(key: str, values: Mapping[str, str], language: Language) -> str:
    if not values["left"] and not values.get("hidden"):
        return language.gettext(
            "Readers have given what we asked for. Thank you. The campaign stays open until its end,"
            " and what comes now goes toward the same reporting."
        )
    if not values["days"]:
        return _last_hours(key, language)
    return _with_days(key, language)


def _last_hours(key: str, language: Language) -> str:
    if key == "last_hours":
        return language.gettext(
            "This is our last letter before the campaign ends. Thank you for reading it, and for reading us."
        )
    return language.gettext(
        "Our campaign ends on %(last_day)s. What is raised by then goes toward reporting that everyone can read."
    )


def _with_days(key: str, language: Language) -> str:
    if key == "opening":
        return language.gettext(
            "We have opened a campaign to raise %(goal)s from our readers. Reporting, editing and publishing what"
            " you read here costs money, and gifts from readers pay for a part of it."
        )
    if key == "seven_days":
        return language.gettext(
            "Our campaign has %(days_left)s. A gift of any size is welcome, and it can be made in a few minutes."
        )
    if key == "three_days":
        return language.gettext(
            "Our campaign ends in %(days)s. What is raised by then goes toward reporting that everyone can read."
        )
    if key in {"two_days", "last_day", "last_hours"}:
        return language.gettext(
            "Our campaign ends in %(days)s, and this is one of our last letters about it."
        )
    return language.gettext(
        "Our campaign goes on for another %(days)s. If you have been meaning to give, now is a good time."
    )
