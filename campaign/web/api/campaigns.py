"""Campaigns and their progress."""

from flask import Response, request
from marshmallow import RAISE

from campaign.campaigns.campaigns import find_campaign
from campaign.core import clock
from campaign.integrations import payloads, queries
from campaign.integrations.queries import RowFilters
from campaign.integrations.tokens import Scope
from campaign.web.api.access import api_blueprint, scoped
from campaign.web.api.paging import NEXT, PageResponse, page_response
from campaign.web.api.schemas import CampaignSchema, PageParameters, ProgressSchema, listed
from campaign.web.context import installation, live

blueprint = api_blueprint("campaigns")


@blueprint.get("/campaigns")
@scoped(blueprint, Scope.progress)
@blueprint.arguments(PageParameters, location="query", unknown=RAISE, as_kwargs=True)
@blueprint.response(200, listed(CampaignSchema), headers=NEXT)
def campaigns(**filters: object) -> PageResponse:
    """List campaigns."""
    at = clock.now()
    with installation().sessions() as session:
        page = queries.read_campaigns(session, RowFilters(**filters))  # type: ignore[arg-type] # the schema checked them
        return page_response(page, lambda row: payloads.campaign_payload(row, at))


@blueprint.get("/campaigns/<slug>")
@scoped(blueprint, Scope.progress, one=True)
@blueprint.response(200, CampaignSchema)
def campaign(slug: str) -> dict[str, object]:
    """Get a campaign."""
    with installation().sessions() as session:
        return payloads.campaign_payload(find_campaign(session, slug), clock.now())


@blueprint.get("/campaigns/<slug>/progress")
@scoped(blueprint, Scope.progress, one=True)
@blueprint.alt_response(304, description="Not changed since the `ETag` in `If-None-Match`.")
@blueprint.response(200, ProgressSchema, headers={"ETag": {"schema": {"type": "string"}}})
def progress(slug: str) -> Response:
    """Get a campaign's progress, as on the public page, with an `ETag`."""
    snapshot = live().current(slug)
    response = Response(snapshot.body, mimetype="application/json")
    response.set_etag(snapshot.etag, weak=True)
    # Revalidate each time; an unchanged response has no body.
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response
