"""The progress bar as an image, and link previews of the appeal (Open Graph, oEmbed). No cookies."""

from urllib.parse import parse_qs

from flask import Blueprint, Response, abort, jsonify, request
from markupsafe import escape

from campaign.core.errors import NotFound
from campaign.core.i18n import ENGLISH
from campaign.core.outside_text import NO_URL, read_our_url, read_url, read_whole
from campaign.receipts.progress_image import bar_png
from campaign.web.appeal.formatting import present_countdown, present_progress
from campaign.web.appeal.page_content import campaign_texts
from campaign.web.appeal.progress_stream import Snapshot
from campaign.web.context import installation, live
from campaign.web.language import page_language, use_language

blueprint = Blueprint("pictures", __name__)

_CACHE = "public, max-age=60, stale-while-revalidate=600"
FRAME_HEIGHT = 260
LARGEST_FRAME = 700


@blueprint.get("/c/<slug>/progress.png")
def bar(slug: str) -> Response:
    """Serve the progress bar with its sentence as an image, for newsletters and feeds."""
    return _picture(slug, card=False)


@blueprint.get("/c/<slug>/card.png")
def card(slug: str) -> Response:
    """Serve the image for link previews, 1200 by 630 pixels."""
    return _picture(slug, card=True)


def _picture(slug: str, *, card: bool) -> Response:
    snapshot = live().current(slug)
    response = Response(mimetype="image/png")
    kind = f"{'card' if card else 'bar'}{'-hidden' if snapshot.progress.hidden else ''}"
    response.set_etag(f"{snapshot.etag}-{kind}-{page_language().locale}")
    response.headers["Cache-Control"] = _CACHE
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.make_conditional(request)
    if response.status_code == 200:
        response.set_data(_drawn(snapshot, card=card))
    return response


def _drawn(snapshot: Snapshot, *, card: bool) -> bytes:
    progress = snapshot.progress
    shown, countdown = present_progress(progress), present_countdown(progress)
    return bar_png(
        campaign_texts(snapshot).title.text,
        installation().settings.organization.name,
        countdown.headline,
        shown.sentence,
        countdown.sentence,
        (0, 0, 0)
        if shown.hidden
        else (shown.received_width, shown.pending_width, shown.matched_width),
        shown.goal_position,
        card=card,
        hidden=shown.hidden,
        language=page_language().locale,
    )


@blueprint.get("/oembed")
def oembed() -> Response:
    """Return how to embed a campaign's address on another site: https://oembed.com, type `rich`, JSON only."""
    if request.args.get("format", "json") != "json":
        abort(501)
    address = request.args.get("url", "")
    slug = _slug(address)
    use_language(parse_qs((read_url(address) or NO_URL).query).get("lang", [ENGLISH])[-1])
    spoken = f"?{page_language().query}" if page_language().query else ""
    title = campaign_texts(live().current(slug)).title.text
    home = installation().settings.site_url
    width = min(read_whole(request.args.get("maxwidth")) or LARGEST_FRAME, LARGEST_FRAME)
    height = min(read_whole(request.args.get("maxheight")) or FRAME_HEIGHT, FRAME_HEIGHT)
    frame = (
        f'<iframe src="{escape(home)}/c/{escape(slug)}/embed{escape(spoken)}"'
        f' title="{escape(title)}" width="{width}" height="{height}"'
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
        thumbnail_url=f"{home}/c/{slug}/card.png{spoken}",
        thumbnail_width=1200,
        thumbnail_height=630,
        cache_age=60,
    )
    response.headers["Cache-Control"] = _CACHE
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _slug(address: str) -> str:
    """Return the slug in the address of one of our campaign pages; raises NotFound for any other address."""
    home, asked = read_our_url(installation().settings.site_url), read_url(address) or NO_URL
    path = asked.path.removeprefix(home.path).rstrip("/")
    ours = asked.netloc == home.netloc and path.startswith("/c/") and path.count("/") == 2
    if not ours:
        raise NotFound("There is no campaign at that address.")
    return path.removeprefix("/c/")
