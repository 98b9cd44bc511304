"""The appeal on other people's pages: at the foot of an article, as a slim banner, as a bare bar. No cookies.

`embed.js` is one tag for a page that may run scripts; `/c/SLUG/embed` is the same as a frame.
"""

import gzip
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template, request

from campaign.services.progress import Progress
from campaign.views.context import installation, live
from campaign.views.presenting import present_countdown, present_progress, present_suggestions

blueprint = Blueprint("embed", __name__)

FORMS = ("foot", "banner", "bar")
LONGEST_CODE = 60
_CACHE = "public, max-age=1, stale-while-revalidate=10"
_SCRIPT_CACHE = "public, max-age=3600, stale-while-revalidate=86400"


@blueprint.get("/embed.js")
def script() -> Response:
    """The script of the tag. Its address never changes, so it is kept for an hour only."""
    body, packed, tag = _script(Path(current_app.static_folder or "") / "embed.js")
    zipped = "gzip" in request.headers.get("Accept-Encoding", "")
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
    body = path.read_bytes()
    packed = gzip.compress(body, mtime=0)
    return body, packed, f"{len(body)}-{current_app.extensions['static_version']}"


@blueprint.get("/c/<slug>/embed.json")
def words(slug: str) -> Response:
    """What the unit says and where it leads, with the figure; addresses are whole, since it stands elsewhere."""
    response = jsonify(_unit(slug, _code()))
    response.headers["Cache-Control"] = _CACHE
    return _for_all(response)


@blueprint.get("/c/<slug>/embed")
def frame(slug: str) -> Response:
    """The unit as a page of its own, for a frame; complete without JavaScript."""
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
        bar=present_progress(live().current(slug).progress),
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
    progress = live().current(slug).progress
    shown = present_progress(progress)
    home = f"{installation().settings.site_url}/c/{slug}"
    return {
        "title": progress.campaign.title,
        "headline": present_countdown(progress).headline,
        "label": "Raised so far",
        "close": "Not now",
        "sentence": "{raised} of {goal} raised, {percent}.",
        "pending": " {pending} more is promised by bank debit.",
        "matched": " {matched} more comes from matching gifts.",
        "said": shown.sentence,
        "links": _links(progress, home, code),
        "progress": {
            **progress.facts(),
            "seconds_left": progress.seconds_left,
            "as_of": shown.as_of_iso,
        },
    }


def _links(progress: Progress, home: str, code: str) -> list[dict[str, str]]:
    """The suggested amounts while gifts are taken; the page itself always."""
    known = {"code": code} if code else {}
    opened = progress.campaign.is_open(progress.as_of)
    amounts = present_suggestions(progress.campaign)[:4] if opened else []
    links = [
        {"text": each.text, "url": f"{home}?{urlencode({'amount': each.value, **known})}#give"}
        for each in amounts
    ]
    query = f"?{urlencode(known)}" if known else ""
    return [*links, {"text": "Give" if opened else "Read more", "url": f"{home}{query}"}]
