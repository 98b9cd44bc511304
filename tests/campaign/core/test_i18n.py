"""The translations of each language, and that none is missing."""

import ast
import re
import string
from collections.abc import Iterator

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS
from babel.messages.pofile import read_po
from babel.support import NullTranslations

from campaign.core.i18n import (
    TRANSLATIONS,
    Language,
    get_language,
    languages,
    supported_locale,
)
from campaign.core.money import format_money
from campaign.emails.samples import samples
from campaign.mailer.render import render_email
from tests.support.catalogs import KEYWORDS, PLACEHOLDER, ROOT, Message, messages
from tests.support.sample_emails import EVERY_SAMPLE, SENDER, sample_email

FILLED_BY_SCRIPTS = re.compile(r"\{\w+\}")
OTHERS = [name for name in languages() if name != "en"]


def catalog(name: str) -> Catalog:
    with (TRANSLATIONS / name / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=name)


def test_the_extraction_sees_code_and_templates() -> None:
    assert ("No goods or services were provided in exchange for this gift.",) in messages()
    assert ("Give to this campaign",) in messages()
    assert ("%(days)s day left", "%(days)s days left") in messages()
    assert ("The amount must be more than zero.",) in messages()
    assert ("Page not found",) in messages()
    assert len(messages()) > 300


def test_the_documented_extraction_asks_for_the_same_words() -> None:
    shown = (ROOT / "docs" / "languages.md").read_text(encoding="utf-8")
    named = {one.partition(":")[0] for one in re.findall(r" -k ([\w:,]+)", shown)}
    assert named == set(KEYWORDS) - set(DEFAULT_KEYWORDS)


def test_no_message_hides_from_the_extraction_in_an_f_string() -> None:
    hidden = [
        f"{path}:{call.lineno}"
        for path in sorted((ROOT / "campaign").rglob("*.py"))
        for text in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("gettext")
    ]
    assert hidden == []


@pytest.mark.parametrize("name", OTHERS)
def test_no_message_is_missing(name: str) -> None:
    known = catalog(name)
    missing = [
        f"{where}: {parts[0]!r}" for parts, where in messages().items() if not _whole(known, parts)
    ]
    assert not missing, f"not in {name}:\n" + "\n".join(missing)


def _whole(known: Catalog, parts: Message) -> bool:
    found = known.get(parts[0])
    if found is None:
        return False
    shown = (found.string,) if isinstance(found.string, str) else tuple(found.string)
    wanted = 1 if len(parts) == 1 else known.num_plurals
    return len(shown) == wanted and all(shown)


@pytest.mark.parametrize("name", OTHERS)
def test_no_message_is_fuzzy_or_obsolete(name: str) -> None:
    known = catalog(name)
    used = {parts[0] for parts in messages()}
    ids = [message.id if isinstance(message.id, str) else message.id[0] for message in known]
    assert [message.id for message in known if message.fuzzy and message.id] == []
    assert [one for one in ids if one and one not in used] == []
    assert not known.obsolete


@pytest.mark.parametrize("name", OTHERS)
def test_a_translation_has_the_placeholders_of_its_message(name: str) -> None:
    for original, shown in _pairs(catalog(name)):
        assert set(PLACEHOLDER.findall(original)) == set(PLACEHOLDER.findall(shown)), shown
        assert set(FILLED_BY_SCRIPTS.findall(original)) == set(FILLED_BY_SCRIPTS.findall(shown))
        shown % dict.fromkeys(PLACEHOLDER.findall(original), "x")


@pytest.mark.parametrize("name", OTHERS)
def test_a_translation_has_the_punctuation_of_its_message(name: str) -> None:
    for original, shown in _pairs(catalog(name)):
        ends = {one[-1:] if one[-1:] in ".:" else "" for one in (original, shown)}
        assert len(ends) == 1 or original.endswith(","), (original, shown)
        assert not set("!¡") & set(shown)
        assert shown == shown.strip()


def _pairs(known: Catalog) -> Iterator[tuple[str, str]]:
    for message in known:
        if not message.id:
            continue
        if isinstance(message.id, str):
            yield message.id, str(message.string)
        else:
            yield from ((message.id[-1], shown) for shown in message.string)


@pytest.mark.parametrize(("name", "locale"), [each for each in EVERY_SAMPLE if each[1] != "en"])
def test_no_english_sentence_is_left_in_an_email(name: str, locale: str) -> None:
    """What an extraction cannot see (a message inside an f-string) shows here."""
    english, shown = (sample_email(name, one).text for one in ("en", locale))
    same = set(re.split(r"(?<=[.:])\s+", english)) & set(re.split(r"(?<=[.:])\s+", shown))
    sentences = {one for one in same if len(one.split()) > 4 and "://" not in one}
    data = (
        "a storm kept",
        "at breakfast",
        "I thought of that",
        "3 emails",
        "Oregon",
        "Keep every story",
        "The job",
        "The password of your account",
    )
    assert {one for one in sentences if not any(part in one for part in data)} == set()


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("es", "es"),
        ("es-MX", "es"),
        ("es_US", "es"),
        ("ES", "es"),
        ("en-GB", "en"),
        ("fr", "en"),
        ("", "en"),
        ("../../x", "en"),
        ("zh-Hant-TW", "en"),
    ],
)
def test_an_unknown_locale_falls_back_to_its_language_then_to_english(
    asked: str, given: str
) -> None:
    assert supported_locale(asked) == given
    assert get_language(asked).locale == given


def test_plurals_follow_the_language() -> None:
    shown = [
        get_language("es").ngettext("%(days)s day", "%(days)s days", number) for number in (0, 1, 2)
    ]
    assert shown == ["%(days)s días", "%(days)s día", "%(days)s días"]


def test_an_untranslated_message_stays_english() -> None:
    assert get_language("es").gettext("Not in any catalog") == "Not in any catalog"
    assert get_language("es").gettext("") == ""


def test_an_email_in_an_unsupported_language_is_marked_as_english() -> None:
    context = samples()["receipt"].make(SENDER, "fr")
    assert '<html lang="en" dir="ltr">' in render_email("receipt", context).html


def test_no_compiled_catalogs_are_stored() -> None:
    assert not list(TRANSLATIONS.rglob("*.mo"))
    assert all(set(name) <= {*string.ascii_letters, "_"} for name in languages())


def test_a_language_says_how_pages_and_browsers_show_it() -> None:
    english, spanish = get_language("en"), get_language("es-MX")
    assert (english.query, spanish.query) == ("", "lang=es")
    assert (english.figures, spanish.figures) == ("en", "es-US")
    assert (english.direction, spanish.direction) == ("ltr", "ltr")
    assert (english.native_name, spanish.native_name) == ("English", "Español")
    assert english.plural_samples == {"one": 1, "other": 0}
    assert spanish.plural_samples == {"one": 1, "other": 0}


def test_a_language_written_from_the_right_says_so_and_uses_our_digits() -> None:
    arabic = Language("ar", "ar_EG", NullTranslations())
    assert (arabic.direction, arabic.figures) == ("rtl", "ar-EG-u-nu-latn")
    assert sorted(arabic.plural_samples) == ["few", "many", "one", "other", "two", "zero"]


def test_amounts_in_spanish_are_written_as_in_the_united_states() -> None:
    assert format_money(100_050, "usd", get_language("es").formats) == "$1,000.50"
