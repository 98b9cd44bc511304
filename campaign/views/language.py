"""The language of a page: the one in its address, else what the view says, else English. For views and templates.

A page that all readers share has its language in its address (`?lang=es`), so that it can be kept by whoever stands
between; a personal page speaks the language of its donor until its address names another.
"""

from flask import Flask, g, has_request_context, request

from campaign.words import ENGLISH, Words, languages, words


def said() -> Words:
    """The words of the page that is being made."""
    if not has_request_context():
        return words(ENGLISH)
    if "words" not in g:
        g.words = words(asked_language() or ENGLISH)
    return g.words  # type: ignore[no-any-return] # set above


def asked_language() -> str:
    """The language that the address or the form names and there are words for; '' for none."""
    asked = str(request.values.get("lang", "")).strip().casefold()
    return asked if asked in languages() else ""


def speak(locale: str) -> None:
    """The page speaks `locale` from here on, unless its address names a language."""
    g.words = words(asked_language() or locale)


def prepare(app: Flask) -> None:
    """Gives the templates `_`, `ngettext` and `trans`."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined] # jinja2.ext.i18n adds it
        lambda message: said().gettext(message),
        lambda singular, plural, number: said().ngettext(singular, plural, number),
        newstyle=True,
    )
