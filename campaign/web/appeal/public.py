"""The pages that are the same for every reader: the appeal, and progress as JSON and as a stream. No cookies."""

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from campaign.campaigns.campaigns import current_campaign
from campaign.core import clock
from campaign.web.appeal.page import render_appeal
from campaign.web.context import installation, live, visits
from campaign.web.giving.prefill import empty_form
from campaign.web.language import page_language

blueprint = Blueprint("public", __name__)

_PAGE_CACHE = "public, max-age=1, stale-while-revalidate=5"
_PROGRESS_CACHE = "public, max-age=1, stale-while-revalidate=10"


@blueprint.get("/")
def home() -> Response:
    """Show the current campaign's appeal."""
    with installation().sessions() as session:
        campaign = current_campaign(session, clock.now())
    if campaign is None:
        return make_response(
            render_template(
                "public/nothing_open.html",
                page_title=page_language().gettext("No campaign is open"),
            )
        )
    return _public(campaign.slug)


@blueprint.get("/c/<slug>")
def appeal(slug: str) -> Response:
    """Show a campaign's appeal page with the form."""
    return _public(slug)


def _public(slug: str) -> Response:
    campaign = live().current(slug).progress.campaign
    response = render_appeal(slug, empty_form(campaign, request.args))
    if code := request.args.get("code"):
        visits().count(campaign, code, clock.now())
    response.headers["Cache-Control"] = _PAGE_CACHE
    return response


@blueprint.get("/c/<slug>/progress.json")
def progress(slug: str) -> ResponseReturnValue:
    """Serve the progress. The ETag is weak: `seconds_left` and `as_of` change while the facts do not."""
    snapshot = live().current(slug)
    response = Response(snapshot.body, mimetype="application/json")
    response.set_etag(snapshot.etag, weak=True)
    response.headers["Cache-Control"] = _PROGRESS_CACHE
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response.make_conditional(request)


@blueprint.get("/c/<slug>/progress/stream")
def stream(slug: str) -> Response:
    """Stream the progress at once and on every change, as server-sent events."""
    hub = live()
    hub.current(slug)
    response = Response(hub.stream(slug), mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Access-Control-Allow-Origin"] = "*"
    # Otherwise nginx would buffer the events.
    response.headers["X-Accel-Buffering"] = "no"
    return response
