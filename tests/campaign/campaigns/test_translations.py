"""Translations of a campaign's texts: logged with old values, and nobody's work is overwritten unseen."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from campaign.campaigns.translations import (
    TranslationFields,
    edit_translation,
    fingerprint,
    other_locales,
    read_translation,
)
from campaign.core.clock import now
from campaign.core.errors import ChangedMeanwhile, FieldsInvalid, NotFound
from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN, audited

EMPTY = fingerprint(TranslationFields())


def edit(installation: Installation, campaign: Campaign, seen: str, **typed: Any) -> list[str]:
    with installation.sessions.begin() as session:
        return edit_translation(
            session, campaign, "es", TranslationFields(**typed), seen, ADMIN, now()
        )


def stored(installation: Installation, campaign: Campaign) -> TranslationFields:
    with installation.sessions() as session:
        return read_translation(session, campaign, "es")


def test_texts_are_saved_cleaned_and_logged_with_their_language(
    installation: Installation, campaign: Campaign
) -> None:
    typed = {"title": " Que  todos lean ", "appeal": "## Por qué\r\n\r\nPorque.\r\n"}
    assert edit(installation, campaign, EMPTY, **typed) == ["title", "appeal"]
    assert edit(installation, campaign, EMPTY, **typed) == []
    kept = TranslationFields("Que todos lean", "## Por qué\n\nPorque.", "")
    assert stored(installation, campaign) == kept
    assert edit(installation, campaign, fingerprint(kept), title="Que todos lean") == ["appeal"]
    first, second = audited(installation)
    assert first.before == {"locale": "es", "title": "", "appeal": ""}
    assert first.after["title"] == "Que todos lean"
    assert second.before == {"locale": "es", "appeal": kept.appeal}
    assert second.after == {"locale": "es", "appeal": ""}


def test_an_outdated_form_does_not_overwrite_newer_texts(
    installation: Installation, campaign: Campaign
) -> None:
    edit(installation, campaign, EMPTY, title="Uno", thanks="Gracias")
    with pytest.raises(ChangedMeanwhile) as refused:
        edit(installation, campaign, EMPTY, title="Dos", thanks="Gracias")
    assert refused.value.present == {"title": "Uno"}
    assert stored(installation, campaign).title == "Uno"


def test_of_two_concurrent_first_translations_one_is_saved(
    installation: Installation, campaign: Campaign
) -> None:
    def save(title: str) -> str:
        try:
            edit(installation, campaign, EMPTY, title=title)
        except ChangedMeanwhile as error:
            return error.present["title"]
        return title

    with ThreadPoolExecutor(2) as pool:
        shown = set(pool.map(save, ("Uno", "Dos")))
    assert shown == {stored(installation, campaign).title}
    assert len(audited(installation)) == 1


def test_the_mark_distinguishes_fields() -> None:
    assert fingerprint(TranslationFields("a", "b")) != fingerprint(TranslationFields("ab", ""))
    assert fingerprint(TranslationFields("a", "")) != fingerprint(TranslationFields("", "a"))


def test_only_other_available_languages_have_a_translation(
    installation: Installation, campaign: Campaign
) -> None:
    assert "en" not in other_locales(campaign)
    with installation.sessions() as session:
        for locale in ("en", "tlh", "ES", ""):
            with pytest.raises(NotFound):
                read_translation(session, campaign, locale)
        assert read_translation(session, campaign, "es") == TranslationFields()


def test_all_errors_are_reported_at_once(installation: Installation, campaign: Campaign) -> None:
    longest = {"title": "x" * 200, "appeal": "x" * 200_000, "thanks": "x" * 20_000}
    with pytest.raises(FieldsInvalid) as refused:
        edit(installation, campaign, EMPTY, **{name: f"{one}x" for name, one in longest.items()})
    assert set(refused.value.faults) == set(longest)
    assert edit(installation, campaign, EMPTY, **longest) == list(longest)
