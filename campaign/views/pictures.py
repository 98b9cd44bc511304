"""The bar as a picture, and what a link to the appeal unfolds to elsewhere (Open Graph, oEmbed). No cookies."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, jsonify, request
from markupsafe import escape

from campaign.errors import NotFound
from campaign.paper.pictures import bar_png
from campaign.services.progress import Progress
from campaign.views.context import installation, live
from campaign.views.presenting import present_countdown, present_progress

blueprint = Blueprint("pictures", __name__)

_CACHE = "public, max-age=60, stale-while-revalidate=600"
FRAME_HEIGHT = 260
LARGEST_FRAME = 700


@blueprint.get("/c/<slug>/progress.png")
def bar(slug: str) -> Response:
    """The bar with its sentence, for newsletters and feeds."""
    return _picture(slug, card=False)


@blueprint.get("/c/<slug>/card.png")
def card(slug: str) -> Response:
    """The campaign at a glance, 1200 by 630 pixels, for pages that show a link with a picture."""
    return _picture(slug, card=True)


def _picture(slug: str, *, card: bool) -> Response:
    snapshot = live().current(slug)
    response = Response(mimetype="image/png")
    response.set_etag(f"{snapshot.etag}-{'card' if card else 'bar'}")
    response.headers["Cache-Control"] = _CACHE
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.make_conditional(request)
    if response.status_code == 200:
        response.set_data(_drawn(snapshot.progress, card=card))
    return response


def _drawn(progress: Progress, *, card: bool) -> bytes:
    shown, countdown = present_progress(progress), present_countdown(progress)
    return bar_png(
        progress.campaign.title,
        installation().settings.organization.name,
        countdown.headline,
        shown.sentence,
        countdown.sentence,
        (shown.received_width, shown.pending_width, shown.matched_width),
        shown.goal_position,
        card=card,
    )


@blueprint.get("/oembed")
def oembed() -> Response:
    """How to show a campaign's address on another page: https://oembed.com, type `rich`, as JSON only."""
    if request.args.get("format", "json") != "json":
        abort(501)
    slug = _slug(request.args.get("url", ""))
    progress = live().current(slug).progress
    home = installation().settings.site_url
    width = min(request.args.get("maxwidth", LARGEST_FRAME, type=int), LARGEST_FRAME)
    height = min(request.args.get("maxheight", FRAME_HEIGHT, type=int), FRAME_HEIGHT)
    title = progress.campaign.title
    frame = (
        f'<iframe src="{escape(home)}/c/{escape(slug)}/embed" title="{escape(title)}" width="{width}" height="{height}"'
        ' loading="lazy" style="border:0;max-width:100%"></iframe>'
    )
    response = jsonify(
        version="1.0",
        type="rich",
        title=title,
        provider_name=installation().settings.organization.name,
        provider_url=home,
        width=width,
        height=height,
        html=frame,
        thumbnail_url=f"{home}/c/{slug}/card.png",
        thumbnail_width=1200,
        thumbnail_height=630,
        cache_age=60,
    )
    response.headers["Cache-Control"] = _CACHE
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _slug(address: str) -> str:
    """The campaign that an address of ours shows; 404 for any other."""
    home, asked = urlsplit(installation().settings.site_url), urlsplit(address)
    path = asked.path.removeprefix(home.path).rstrip("/")
    ours = asked.netloc == home.netloc and path.startswith("/c/") and path.count("/") == 2
    if not ours:
        raise NotFound("There is no campaign at that address.")
    return path.removeprefix("/c/")
