"""Donors."""

from flask import Response
from marshmallow import RAISE

from campaign.integrations import queries
from campaign.integrations.queries import RowFilters
from campaign.integrations.tokens import Scope
from campaign.models import Donor
from campaign.web.api.access import api_blueprint, scoped
from campaign.web.api.paging import NEXT, PageResponse, page_response
from campaign.web.api.problems import problem
from campaign.web.api.schemas import DonorSchema, PeriodParameters, listed
from campaign.web.context import installation

blueprint = api_blueprint("donors")


@blueprint.get("/donors")
@scoped(blueprint, Scope.donors)
@blueprint.arguments(PeriodParameters, location="query", unknown=RAISE, as_kwargs=True)
@blueprint.response(200, listed(DonorSchema), headers=NEXT)
def donors(**filters: object) -> PageResponse:
    """List donors, except merged and erased ones."""
    with installation().sessions() as session:
        page = queries.read_donors(session, RowFilters(**filters))  # type: ignore[arg-type] # the schema checked them
        return page_response(page, lambda row: dict(vars(row)))


@blueprint.get("/donors/<int:donor_id>")
@scoped(blueprint, Scope.donors, one=True)
@blueprint.response(200, DonorSchema)
def donor(donor_id: int) -> Donor | Response:
    """Get a donor, including a merged or erased one."""
    with installation().sessions() as session:
        found = session.get(Donor, donor_id)
        return found or problem(404, "There is no donor with this id.")
