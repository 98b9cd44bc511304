"""Donations and subscriptions."""

from flask import Response
from marshmallow import RAISE

from campaign.integrations import payloads, queries
from campaign.integrations.queries import RowFilters
from campaign.integrations.tokens import Scope
from campaign.web.api.access import api_blueprint, may_read_donors, scoped
from campaign.web.api.paging import NEXT, PageResponse, page_response
from campaign.web.api.problems import problem
from campaign.web.api.schemas import (
    DonationParameters,
    DonationSchema,
    SubscriptionParameters,
    SubscriptionSchema,
    listed,
)
from campaign.web.context import installation

blueprint = api_blueprint("donations")


@blueprint.get("/donations")
@scoped(blueprint, Scope.donations)
@blueprint.arguments(DonationParameters, location="query", unknown=RAISE, as_kwargs=True)
@blueprint.response(200, listed(DonationSchema), headers=NEXT)
def donations(**filters: object) -> PageResponse:
    """List donations, by when they were created."""
    people = may_read_donors()
    with installation().sessions() as session:
        page = queries.read_donations(session, RowFilters(**filters))  # type: ignore[arg-type] # the schema checked them
        return page_response(page, lambda row: payloads.donation_payload(row, people=people))


@blueprint.get("/donations/<public_id>")
@scoped(blueprint, Scope.donations, one=True)
@blueprint.response(200, DonationSchema)
def donation(public_id: str) -> dict[str, object] | Response:
    """Get a donation."""
    with installation().sessions() as session:
        found = queries.read_donation(session, public_id)
        if found is None:
            return problem(404, "There is no donation with this id.")
        return payloads.donation_payload(found, people=may_read_donors())


@blueprint.get("/subscriptions")
@scoped(blueprint, Scope.donations)
@blueprint.arguments(SubscriptionParameters, location="query", unknown=RAISE, as_kwargs=True)
@blueprint.response(200, listed(SubscriptionSchema), headers=NEXT)
def subscriptions(**filters: object) -> PageResponse:
    """List monthly and yearly gifts."""
    with installation().sessions() as session:
        page = queries.read_subscriptions(session, RowFilters(**filters))  # type: ignore[arg-type] # the schema checked them
        return page_response(page, payloads.subscription_payload)
