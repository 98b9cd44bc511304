"""The language of a page: the one in its address, else what the view says, else English. For views and templates.

A page that all readers share has its language in its address (`?lang=es`), so that it can be kept by whoever stands
between; a personal page speaks the language of its donor until its address names another. Staff pages are English.

Flask-Babel asks here which language a page speaks, and its `gettext`, `lazy_gettext` and `get_locale` serve views and
templates; the words come from `campaign.core.i18n`, where letters find theirs, so that there is one catalog.
"""

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, urlencode

from babel.support import NullTranslations
from flask import Flask, g, has_app_context, has_request_context, request
from flask_babel import Babel, Domain, refresh
from werkzeug.exceptions import HTTPException

from campaign.core.errors import CampaignError
from campaign.core.i18n import ENGLISH, Language, get_language, languages, supported_locale


class _OneCatalog(Domain):
    """Flask-Babel's domain, with the catalogs that are there already; it compiles and caches none."""

    def get_translations(self) -> NullTranslations:
        return page_language().catalog


class _Babel(Babel):
    @cached_property
    def domain_instance(self) -> Domain:
        return _OneCatalog()


def page_language() -> Language:
    """The words of the page that is being made."""
    if not has_app_context():
        return get_language(ENGLISH)
    if "words" not in g:
        g.words = get_language(requested_language() or ENGLISH)
    return g.words  # type: ignore[no-any-return] # set above


def requested_language() -> str:
    """The language that the address or the form names and there are words for; '' for none."""
    if not has_request_context() or is_staff_page(request.path):
        return ""
    try:
        asked = str(request.values.get("lang", ""))
    except HTTPException:
        # A body that cannot be read, or is too large: its error page is to be made now.
        asked = str(request.args.get("lang", ""))
    found = supported_locale(asked)
    # What nobody has translated is told as English; that is no wish for English.
    return found if found != ENGLISH or _is_english(asked) else ""


def _is_english(tag: str) -> bool:
    return tag.strip().casefold().replace("_", "-").partition("-")[0] == ENGLISH


def shared_language() -> str | None:
    """The `lang` of an address that leads from this page to one that all readers share; None for English."""
    return None if page_language().locale == ENGLISH else page_language().locale


def is_staff_page(path: str) -> bool:
    """Whether only the staff read what is at `path`."""
    return path == "/staff" or path.startswith("/staff/")


def use_language(locale: str) -> None:
    """The page speaks `locale` from here on, unless its address names a language."""
    g.words = get_language(requested_language() or locale)
    refresh()


@dataclass(frozen=True)
class OtherLanguage:
    """A language that this page exists in too: its BCP 47 tag, its own name for itself, where."""

    tag: str
    name: str
    url: str


def other_languages() -> list[OtherLanguage]:
    """The other languages of the page that is being made; none for the answer to a form, which has no address."""
    if not has_request_context() or request.method != "GET":
        return []
    kept = [pair for pair in request.args.items(multi=True) if pair[0] != "lang"]
    others = (get_language(name) for name in languages() if get_language(name) != page_language())
    return [
        OtherLanguage(
            other.locale,
            other.native_name,
            f"{quote(request.script_root + request.path)}?{urlencode([*kept, ('lang', other.locale)])}",
        )
        for other in others
    ]


def translate_error(error: CampaignError) -> str:
    """Why something was refused, in the words of the page."""
    return error.translated(page_language().gettext)


def prepare(app: Flask) -> None:
    """Gives the templates `_`, `ngettext` and `trans`, and Flask-Babel our languages."""
    app.jinja_env.globals["plural_samples"] = lambda: page_language().plural_samples
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    _Babel().init_app(app, default_locale=ENGLISH, locale_selector=lambda: page_language().formats)
