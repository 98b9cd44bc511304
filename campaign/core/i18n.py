"""Translations: gettext without a web framework, for emails, receipts and pages.

English is in the code; `translations/<language>/LC_MESSAGES/messages.po` holds the other languages. Each catalog is
read when first needed and cached; no compiled files are stored. `docs/languages.md` says how to add or update one.
"""

import io
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

TRANSLATIONS = Path(__file__).parents[1] / "translations"
ENGLISH = "en"

# For a language without a country, numbers and dates are formatted as in the United States, because the receipts are
# American: $1,000 in Spanish too, never 1.000 US$.
_FORMATS = {"en": "en", "es": "es_US"}


@dataclass(frozen=True)
class Language:
    """One language. `locale` is a BCP 47 tag, as in HTML's `lang`; `formats` is Babel's name of the locale that
    formats amounts and dates."""

    locale: str
    formats: str
    catalog: NullTranslations

    @cached_property
    def figures(self) -> str:
        """Return `formats` as a BCP 47 tag for browsers, with the digits that we use: `es-US`, `ar-u-nu-latn`."""
        tag = self.formats.replace("_", "-")
        plain = Locale.parse(self.formats).default_numbering_system == "latn"
        return tag if plain else f"{tag}-u-nu-latn"

    @cached_property
    def direction(self) -> str:
        """Return the writing direction, `ltr` or `rtl`."""
        return Locale.parse(self.formats).text_direction

    @property
    def query(self) -> str:
        """Return the query string that selects this language on a shared page: `lang=es`; '' for English."""
        return "" if self.locale == ENGLISH else f"lang={self.locale}"

    @cached_property
    def plural_samples(self) -> dict[str, int]:
        """Return an example number for each plural form of the language, by CLDR name: `{"one": 1, "other": 0}`.

        https://cldr.unicode.org/index/cldr-spec/plural-rules; browsers use the same names in scripts.
        """
        plural = Locale.parse(self.formats).plural_form
        found = {"other": 0}
        for number in range(200, -1, -1):
            found[plural(number)] = number
        return found

    @cached_property
    def native_name(self) -> str:
        """Return the language's name for itself: `Español`."""
        known = Locale.parse(self.locale, sep="-")
        name = str(known.get_language_name() or self.locale)
        return name[:1].upper() + name[1:]

    def gettext(self, message: str) -> str:
        """Translate the English `message`; return it unchanged if the catalog lacks it."""
        return self.catalog.gettext(message) if message else ""

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        """Translate with the plural form for `number`."""
        return self.catalog.ngettext(singular, plural, number)


@cache
def languages() -> tuple[str, ...]:
    """Return the available languages: `("en", "es")`."""
    found = {path.parents[1].name for path in TRANSLATIONS.glob("*/LC_MESSAGES/messages.po")}
    return tuple(sorted(found | {ENGLISH}))


def get_language(locale: str) -> Language:
    """Return the translations for `locale` (`es`, `es-MX` or `es_MX`), else for its language, else English."""
    return _words(supported_locale(locale))


def supported_locale(locale: str) -> str:
    """Return the best available language for `locale`: `es` for `es-MX`; `en` if there is no translation."""
    known = {name.casefold(): name for name in languages()}
    parts = locale.strip().replace("-", "_").casefold().split("_")
    wanted = ("_".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((known[name] for name in wanted if name in known), ENGLISH)


@cache
def _words(name: str) -> Language:
    return Language(name.replace("_", "-"), _FORMATS.get(name, name), _catalog(name))


def _catalog(name: str) -> NullTranslations:
    path = TRANSLATIONS / name / "LC_MESSAGES" / "messages.po"
    if not path.is_file():
        return NullTranslations()
    with path.open("rb") as file:
        catalog = read_po(file, locale=name)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)
