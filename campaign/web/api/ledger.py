"""The ledger and the receipts."""

from marshmallow import RAISE

from campaign.integrations import payloads, queries
from campaign.integrations.queries import RowFilters
from campaign.integrations.tokens import Scope
from campaign.web.api.access import api_blueprint, scoped
from campaign.web.api.paging import NEXT, PageResponse, page_response
from campaign.web.api.schemas import (
    LedgerEntrySchema,
    LedgerParameters,
    PeriodParameters,
    ReceiptSchema,
    listed,
)
from campaign.web.context import installation

blueprint = api_blueprint("books")


@blueprint.get("/ledger")
@scoped(blueprint, Scope.ledger)
@blueprint.arguments(LedgerParameters, location="query", unknown=RAISE, as_kwargs=True)
@blueprint.response(200, listed(LedgerEntrySchema), headers=NEXT)
def ledger(**filters: object) -> PageResponse:
    """List ledger entries."""
    with installation().sessions() as session:
        page = queries.read_ledger(session, RowFilters(**filters))  # type: ignore[arg-type] # the schema checked them
        return page_response(page, lambda row: payloads.ledger_entry_payload(*row))


@blueprint.get("/receipts")
@scoped(blueprint, Scope.ledger)
@blueprint.arguments(PeriodParameters, location="query", unknown=RAISE, as_kwargs=True)
@blueprint.response(200, listed(ReceiptSchema), headers=NEXT)
def receipts(**filters: object) -> PageResponse:
    """List receipts, without their text."""
    with installation().sessions() as session:
        page = queries.read_receipts(session, RowFilters(**filters))  # type: ignore[arg-type] # the schema checked them
        return page_response(page, payloads.receipt_payload)
