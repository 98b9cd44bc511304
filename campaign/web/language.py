"""The language of a page: the one in its address, else the view's choice, else English. For views and templates.

A page that all readers share has its language in its address (`?lang=es`), so that caches can store it. A personal
page uses the donor's language unless its address names another. Staff pages are in English.

Flask-Babel gets the page's language from here, and views and templates use its `gettext`, `lazy_gettext` and
`get_locale`. The translations come from `campaign.core.i18n`, as they do for emails, so that there is one catalog.
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
    """Flask-Babel's domain, backed by the catalogs that are already loaded; it compiles and caches none."""

    def get_translations(self) -> NullTranslations:
        return page_language().catalog


class _Babel(Babel):
    @cached_property
    def domain_instance(self) -> Domain:
        return _OneCatalog()


def page_language() -> Language:
    """Return the translations for the page being rendered."""
    if not has_app_context():
        return get_language(ENGLISH)
    if "words" not in g:
        g.words = get_language(requested_language() or ENGLISH)
    return g.words  # type: ignore[no-any-return] # set above


def requested_language() -> str:
    """Return the language named by the address or the form, if we have it; otherwise ''."""
    if not has_request_context() or is_staff_page(request.path):
        return ""
    try:
        asked = str(request.values.get("lang", ""))
    except HTTPException:
        # The body cannot be read or is too large, and its error page is being rendered now.
        asked = str(request.args.get("lang", ""))
    found = supported_locale(asked)
    # An unknown language falls back to English, but that is not a request for English.
    return found if found != ENGLISH or _is_english(asked) else ""


def _is_english(tag: str) -> bool:
    return tag.strip().casefold().replace("_", "-").partition("-")[0] == ENGLISH


def shared_language() -> str | None:
    """Return the `lang` for links from this page to pages that all readers share; None for English."""
    return None if page_language().locale == ENGLISH else page_language().locale


def is_staff_page(path: str) -> bool:
    """Whether `path` is a staff page."""
    return path == "/staff" or path.startswith("/staff/")


def use_language(locale: str) -> None:
    """Switch the page to `locale`, unless its address names a language."""
    g.words = get_language(requested_language() or locale)
    refresh()


@dataclass(frozen=True)
class OtherLanguage:
    """Another language of this page: its BCP 47 tag, its name in that language and the address."""

    tag: str
    name: str
    url: str


def other_languages() -> list[OtherLanguage]:
    """List the page's other languages; none in response to a form, which has no address of its own."""
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
    """Return the error's message in the page's language."""
    return error.translated(page_language().gettext)


def prepare(app: Flask) -> None:
    """Set up `_`, `ngettext` and `trans` for the templates, and our languages for Flask-Babel."""
    app.jinja_env.globals["plural_samples"] = lambda: page_language().plural_samples
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    _Babel().init_app(app, default_locale=ENGLISH, locale_selector=lambda: page_language().formats)
