"""The words of a step as staff change them, checked. For `step_changes` alone."""

from collections.abc import Mapping
from typing import Any

from campaign.core.errors import StepInvalid
from campaign.core.i18n import languages

LONGEST_SUBJECT = 150
LONGEST_OPENING = 5000


def changed_texts(
    texts: Mapping[str, Any], locale: str, subject: str | None, opening: str | None
) -> dict[str, dict[str, str]]:
    """`texts` with what is not None put in for `locale`; '' goes back to the usual words. Raises StepInvalid."""
    kept = {name: dict(words) for name, words in texts.items()}
    told = {"subject": _subject(subject), "opening": _opening(opening)}
    changed = {part: text for part, text in told.items() if text is not None}
    if changed:
        if locale not in languages():
            raise StepInvalid(
                f"Letters are written in {', '.join(languages())}, not in {locale!r}."
            )
        words = kept.get(locale, {}) | changed
        kept[locale] = {part: text for part, text in words.items() if text}
    return {name: words for name, words in kept.items() if words}


def _subject(text: str | None) -> str | None:
    if text is None:
        return None
    if len(text.strip()) > LONGEST_SUBJECT or not text.isprintable():
        raise StepInvalid(f"A subject is one line of at most {LONGEST_SUBJECT} characters.")
    return text.strip()


def _opening(text: str | None) -> str | None:
    if text is None:
        return None
    if len(text.strip()) > LONGEST_OPENING or "\0" in text:
        raise StepInvalid(f"An opening is plain text of at most {LONGEST_OPENING} characters.")
    return text.strip()
