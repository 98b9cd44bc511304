"""The appeal on other sites: at the foot of an article, as a slim banner, or as a progress bar only. No cookies.

`embed.js` is a script tag for pages that allow scripts; `/c/SLUG/embed` shows the same unit in a frame.
"""

import gzip
import json
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template, request

from campaign.campaigns.colors import text_color_on
from campaign.campaigns.progress import Progress
from campaign.core import money
from campaign.core.i18n import Language, get_language, languages
from campaign.models import Campaign
from campaign.web.appeal.formatting import present_countdown, present_progress
from campaign.web.appeal.page_content import campaign_texts
from campaign.web.appeal.suggestions import present_suggestions
from campaign.web.compression import accepts_gzip
from campaign.web.context import installation, live
from campaign.web.language import page_language, shared_language
from campaign.web.site_address import site_base
from campaign.web.theme import accents_for, stylesheet_url

blueprint = Blueprint("embed", __name__)

FORMS = ("foot", "banner", "bar")
LONGEST_CODE = 60
_SUPPORT = b'{ en: "Support this newsroom" }'
"""Placeholder in the script for the text of the link that is shown if nothing can be fetched."""
_FIGURES = frozenset({"raised", "pending", "matched", "percent", "donations", "donors"})
_CACHE = "public, max-age=1, stale-while-revalidate=10"
_SCRIPT_CACHE = "public, max-age=3600, stale-while-revalidate=86400"


@blueprint.get("/embed.js")
def script() -> Response:
    """Serve the script. Its address never changes, so it is cached for an hour only."""
    body, packed, tag = _script(Path(current_app.static_folder or "") / "embed.js")
    zipped = accepts_gzip(request.headers.get("Accept-Encoding"))
    response = Response(packed if zipped else body, mimetype="text/javascript")
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    response.set_etag(tag, weak=True)
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = _SCRIPT_CACHE
    response.make_conditional(request)
    return _for_all(response)


@lru_cache(maxsize=1)
def _script(path: Path) -> tuple[bytes, bytes, str]:
    texts = {
        get_language(name).locale: get_language(name).gettext("Support this newsroom")
        for name in languages()
    }
    body = path.read_bytes().replace(_SUPPORT, json.dumps(texts, ensure_ascii=False).encode())
    packed = gzip.compress(body, mtime=0)
    return body, packed, f"{len(body)}-{current_app.extensions['static_version']}"


@blueprint.get("/c/<slug>/embed.json")
def unit_words(slug: str) -> Response:
    """Return the unit's texts, links and progress; the addresses are absolute, because other sites show it."""
    response = jsonify(_unit(slug, _code()))
    response.headers["Cache-Control"] = _CACHE
    return _for_all(response)


@blueprint.get("/c/<slug>/embed")
def frame(slug: str) -> Response:
    """Show the unit as a separate page for a frame; it works without JavaScript."""
    form = request.args.get("form", FORMS[0])
    unit = _unit(slug, _code())
    page = render_template(
        "public/embed.html",
        page_title=unit["title"],
        unit=unit,
        form=form if form in FORMS else FORMS[0],
        code=_code(),
        slug=slug,
        home=installation().settings.site_url,
        base=site_base(),
        bar=present_progress(live().current(slug).progress),
        theme_stylesheet=stylesheet_url(accents_for(live().current(slug).progress.campaign)),
    )
    response = make_response(page)
    response.headers["Cache-Control"] = _CACHE
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:;"
        " base-uri 'none'; form-action 'none'; frame-ancestors *"
    )
    return _for_all(response)


def _code() -> str:
    return request.args.get("code", "")[:LONGEST_CODE]


def _for_all(response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _unit(slug: str, code: str) -> dict[str, object]:
    snapshot = live().current(slug)
    progress, shown = snapshot.progress, present_progress(snapshot.progress)
    home = f"{installation().settings.site_url}/c/{slug}"
    spoken = page_language()
    return {
        "lang": spoken.locale,
        "dir": spoken.direction,
        "figures": spoken.figures,
        "digits": money.decimals(progress.campaign.currency),
        "title": campaign_texts(snapshot).title.text,
        "hidden": shown.hidden,
        "accent": _accent(progress.campaign),
        "headline": present_countdown(progress).headline,
        "label": spoken.gettext("Raised so far"),
        "close": spoken.gettext("Not now"),
        **_sentences(spoken),
        "said": shown.sentence,
        "links": _links(progress, home, code),
        "progress": _facts(progress, shown.as_of_iso),
    }


def _facts(progress: Progress, as_of: str) -> dict[str, object]:
    """Return the facts of `progress.json`, without the figures while they are hidden."""
    hidden = _FIGURES if progress.hidden else frozenset()
    facts = {name: value for name, value in progress.facts().items() if name not in hidden}
    return {**facts, "seconds_left": progress.seconds_left, "as_of": as_of}


def _accent(campaign: Campaign) -> list[str]:
    """Return the light accent and its text color; other sites' pages are assumed to be light."""
    accents = accents_for(campaign)
    return [accents[0], text_color_on(accents[0])] if accents else []


def _sentences(spoken: Language) -> dict[str, str]:
    """Return the sentences that the script fills with figures: `{raised} of {goal} raised, {percent}.`"""
    names = ("raised", "goal", "percent", "pending", "matched")
    places = {name: f"{{{name}}}" for name in names}
    return {
        "sentence": spoken.gettext("%(raised)s of %(goal)s raised, %(percent)s.") % places,
        "pending": " "
        + spoken.gettext("Another %(pending)s in bank debits is being processed.") % places,
        "matched": " " + spoken.gettext("%(matched)s more comes from matching gifts.") % places,
    }


def _links(progress: Progress, home: str, code: str) -> list[dict[str, str]]:
    """Return links for the suggested amounts while the campaign is open, and always one to the page."""
    known = {"code": code} if code else {}
    if language := shared_language():
        known["lang"] = language
    opened = progress.campaign.is_open(progress.as_of)
    amounts = present_suggestions(progress.campaign)[:4] if opened else []
    links = [
        {"text": each.text, "url": f"{home}?{urlencode({'amount': each.value, **known})}#give"}
        for each in amounts
    ]
    query = f"?{urlencode(known)}" if known else ""
    return [
        *links,
        {
            "text": page_language().gettext("Give")
            if opened
            else page_language().gettext("Read more"),
            "url": f"{home}{query}",
        },
    ]
