"""The subject and first paragraphs of each campaign email: the defaults, or what staff wrote instead.

Every sentence must be true whenever the email is sent or read. Days are counted when the email is rendered; in the
last 24 hours the text names only the end.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaign.core.i18n import Language, supported_locale

_VALUE = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True)
class StepText:
    """A subject and paragraphs of plain text."""

    subject: str
    paragraphs: tuple[str, ...]


def render_opening(
    key: str, texts: Mapping[str, Any], values: Mapping[str, str], language: Language
) -> StepText:
    """Return the subject and opening paragraphs of the step `key`.

    `texts` holds what staff wrote for the step, by language; it takes precedence over the defaults.

    `values`: title, organization, goal, raised, left ('' once the goal is met), days (`9 days`; '' in the last 24
    hours), days_left (`9 days left`), last_day and ending. Staff may use each of them in braces: `{left}`. If `hidden`
    is 'yes', raised and left are '' because the amount raised is not public yet.

    Only for the defaults: `early` is 'yes' while next to nothing is raised, which is no argument to give; `matched` is
    'yes' while a sponsor matches gifts; `stretch` and `stretch_left` are the amounts of a stretch goal that is next.
    """
    own = _own(texts, language)
    subject = _filled(own.get("subject", ""), values) or _subject(key, values, language) % values
    paragraphs = _paragraphs(_filled(own.get("opening", ""), values))
    return StepText(subject, paragraphs or (_default(key, values, language) % values,))


def render_introduction(
    texts: Mapping[str, Any], values: Mapping[str, str], language: Language
) -> tuple[str, ...]:
    """Return the paragraphs that introduce a campaign, for a reader whose first email is not its opening.

    `texts` are those of the opening. There is nothing to introduce once the goal is met: each email says so itself.
    """
    if _is_met(values):
        return ()
    return render_opening("opening", texts, values, language).paragraphs


def _own(texts: Mapping[str, Any], language: Language) -> Mapping[str, str]:
    """Return what staff wrote in the reader's language. Text in another language is not used."""
    for name, own in texts.items():
        if supported_locale(name) == supported_locale(language.locale) and name.startswith(
            language.locale
        ):
            return {part: str(text).strip() for part, text in own.items() if text}
    return {}


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Replace `{name}` with its value and leave unknown names as typed.

    Return '' if a value that the text uses is empty: `left` once the goal is met, or `days` on the last day.
    """
    if any(values.get(name) == "" for name in _VALUE.findall(text)):
        return ""
    return _VALUE.sub(lambda found: values.get(found[1], found[0]), text)


def _paragraphs(text: str) -> tuple[str, ...]:
    parts = (" ".join(part.split()) for part in re.split(r"\n\s*\n", text.replace("\r\n", "\n")))
    return tuple(filter(None, parts))


def _is_met(values: Mapping[str, str]) -> bool:
    return not values["left"] and not values.get("hidden")


def _subject(key: str, values: Mapping[str, str], language: Language) -> str:
    """Return the subject with its values still to be filled in."""
    if _is_met(values):
        return _subject_when_met(values, language)
    if key == "opening":
        return language.gettext("Our campaign is open: %(title)s")
    if values["days"]:
        return _subject_with_days(values, language)
    if key == "last_hours":
        return _last_subject(values, language)
    if values.get("matched"):
        return language.gettext("Gifts are being matched: our campaign ends on %(last_day)s")
    if values.get("hidden") or values.get("early"):
        return language.gettext("Our campaign ends on %(last_day)s")
    return language.gettext("Our campaign ends on %(last_day)s: %(left)s to go")


def _subject_when_met(values: Mapping[str, str], language: Language) -> str:
    if values.get("stretch"):
        return language.gettext(
            "We met our goal of %(goal)s. %(stretch_left)s more to reach %(stretch)s"
        )
    return language.gettext("We met our goal of %(goal)s. You can still give until %(last_day)s")


def _subject_with_days(values: Mapping[str, str], language: Language) -> str:
    if values.get("hidden") or values.get("early"):
        return (
            language.gettext("Gifts are being matched: %(days_left)s to raise %(goal)s")
            if values.get("matched")
            else language.gettext("%(days_left)s to raise %(goal)s")
        )
    return (
        language.gettext("Gifts are being matched: %(days_left)s, %(left)s to go")
        if values.get("matched")
        else language.gettext("%(days_left)s, %(left)s to go")
    )


def _last_subject(values: Mapping[str, str], language: Language) -> str:
    if values.get("hidden") or values.get("early"):
        return language.gettext("Our last email before the campaign ends")
    return language.gettext("Our last email before the campaign ends: %(left)s to go")


def _default(key: str, values: Mapping[str, str], language: Language) -> str:
    if _is_met(values):
        return _default_when_met(values, language)
    if key == "opening":
        return language.gettext(
            "We are asking our readers to help us raise %(goal)s by %(last_day)s. Reporting, editing and publishing"
            " the stories you read here costs money, and gifts from readers pay for part of it."
        )
    if not values["days"]:
        return _last_hours(key, language)
    return _with_days(key, language)


def _default_when_met(values: Mapping[str, str], language: Language) -> str:
    if values.get("stretch"):
        return language.gettext(
            "Thanks to our readers, we have met our goal of %(goal)s. We are now working toward %(stretch)s, and"
            " %(stretch_left)s is still missing. The campaign stays open until %(last_day)s."
        )
    return language.gettext(
        "Thanks to our readers, we have met our goal of %(goal)s. The campaign stays open until %(last_day)s,"
        " and every gift from now on goes toward the same reporting."
    )


def _last_hours(key: str, language: Language) -> str:
    if key == "last_hours":
        return language.gettext(
            "This is our last email before our campaign ends at %(ending)s. A gift of any size helps. Thank you for"
            " reading our work."
        )
    return language.gettext(
        "Our campaign ends on %(last_day)s. Every gift until then goes toward reporting that everyone can read for"
        " free."
    )


def _with_days(key: str, language: Language) -> str:
    if key == "seven_days":
        return language.gettext(
            "Our campaign has %(days_left)s. A gift of any size helps, and giving takes only a few minutes."
        )
    if key == "three_days":
        return language.gettext(
            "Our campaign ends in %(days)s. Every gift until then goes toward reporting that everyone can read for"
            " free."
        )
    if key in {"two_days", "last_day", "last_hours"}:
        return language.gettext(
            "Our campaign ends in %(days)s, and this is one of the last emails we will send you about it."
        )
    return language.gettext(
        "Our campaign runs for another %(days)s. If you have been meaning to give, now is a good time."
    )
