"""The words of each language: gettext without a web framework. Letters, receipts and pages may ask here.

English stands in the code; `translations/<language>/LC_MESSAGES/messages.po` holds the rest. Each catalog is read when
it is first needed and kept; nothing compiled lies beside it. `docs/languages.md` says how to add or renew one.
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

# Where a language comes without its country, figures and dates are written as in the United States, whose receipts
# these are: $1,000 in Spanish too, never 1.000 US$.
_FORMATS = {"en": "en", "es": "es_US"}


@dataclass(frozen=True)
class Language:
    """One language. `locale` is a BCP 47 tag, as HTML's `lang` has it; `formats` is Babel's name of the locale in
    which amounts and dates are written."""

    locale: str
    formats: str
    catalog: NullTranslations

    @cached_property
    def figures(self) -> str:
        """`formats` as browsers name it (BCP 47), in the same digits as ours: `es-US`, `ar-u-nu-latn`."""
        named = self.formats.replace("_", "-")
        plain = Locale.parse(self.formats).default_numbering_system == "latn"
        return named if plain else f"{named}-u-nu-latn"

    @cached_property
    def direction(self) -> str:
        """`ltr` or `rtl`: which way it is written."""
        return Locale.parse(self.formats).text_direction

    @property
    def query(self) -> str:
        """What asks for this language in the address of a page that all readers share: `lang=es`; '' for English."""
        return "" if self.locale == ENGLISH else f"lang={self.locale}"

    @cached_property
    def plural_samples(self) -> dict[str, int]:
        """A number for each plural that the language has, by CLDR's name of it: `{"one": 1, "other": 0}`.

        https://cldr.unicode.org/index/cldr-spec/plural-rules; scripts in pages ask browsers by these names.
        """
        plural = Locale.parse(self.formats).plural_form
        found = {"other": 0}
        for number in range(200, -1, -1):
            found[plural(number)] = number
        return found

    @cached_property
    def native_name(self) -> str:
        """What the language calls itself: `Español`."""
        known = Locale.parse(self.locale, sep="-")
        name = str(known.get_language_name() or self.locale)
        return name[:1].upper() + name[1:]

    def gettext(self, message: str) -> str:
        """`message`, which is English, in this language; in English where the catalog lacks it."""
        return self.catalog.gettext(message) if message else ""

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        """The form that goes with `number`."""
        return self.catalog.ngettext(singular, plural, number)


@cache
def languages() -> tuple[str, ...]:
    """What there are words for: `("en", "es")`."""
    found = {path.parents[1].name for path in TRANSLATIONS.glob("*/LC_MESSAGES/messages.po")}
    return tuple(sorted(found | {ENGLISH}))


def get_language(locale: str) -> Language:
    """The words of `locale`, written `es`, `es-MX` or `es_MX`; else of its language; else English."""
    return _words(supported_locale(locale))


def supported_locale(locale: str) -> str:
    """The best that there is for `locale`: `es` for `es-MX`; `en` for what nobody has translated."""
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
