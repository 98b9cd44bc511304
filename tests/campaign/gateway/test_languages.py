"""The language of Stripe's pages: the reader's, if Stripe has it."""

import pytest

from campaign.core.i18n import languages
from campaign.gateway import stripe_language

# https://docs.stripe.com/js/appendix/supported_locales: the languages of Checkout, without their countries.
OFFERED = (
    "bg", "cs", "da", "de", "el", "et", "fi", "fil", "fr", "hr", "hu", "id", "it", "ja", "ko", "lt", "lv", "ms", "mt",
    "nb", "nl", "pl", "ro", "ru", "sk", "sl", "sv", "th", "tr", "vi", "zh",
)  # fmt: skip


@pytest.mark.parametrize("tag", OFFERED)
def test_a_language_that_stripe_has_is_asked_for(tag: str) -> None:
    assert stripe_language(tag) == tag


@pytest.mark.parametrize(("tag", "american"), [("es", "es-419"), ("pt", "pt-BR")])
def test_spanish_and_portuguese_are_those_of_the_americas(tag: str, american: str) -> None:
    assert stripe_language(tag) == american


@pytest.mark.parametrize("tag", ["en", "", "ht", "ar", "tlh", "xx", "EN"])
def test_the_browser_decides_for_english_and_for_languages_that_stripe_lacks(tag: str) -> None:
    assert stripe_language(tag) == "auto"


def test_our_own_languages_are_asked_for_by_name() -> None:
    assert {tag: stripe_language(tag) for tag in languages()} == {"en": "auto", "es": "es-419"}
