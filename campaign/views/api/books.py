"""The ledger and the receipts."""

from marshmallow import RAISE

from campaign.services.integrations import presenting, reading
from campaign.services.integrations.reading import Wanted
from campaign.services.integrations.tokens import Scope
from campaign.views.api.access import api_blueprint, scoped
from campaign.views.api.paging import NEXT, Answer, answer
from campaign.views.api.schemas import (
    LedgerEntrySchema,
    LedgerParameters,
    PeriodParameters,
    ReceiptSchema,
    listed,
)
from campaign.views.context import installation

blueprint = api_blueprint("books")


@blueprint.get("/ledger")
@scoped(blueprint, Scope.ledger)
@blueprint.arguments(LedgerParameters, location="query", unknown=RAISE, as_kwargs=True)
@blueprint.response(200, listed(LedgerEntrySchema), headers=NEXT)
def ledger(**filters: object) -> Answer:
    """Every movement of money."""
    with installation().sessions() as session:
        page = reading.read_ledger(session, Wanted(**filters))  # type: ignore[arg-type] # the schema checked them
        return answer(page, lambda row: presenting.entry_told(*row))


@blueprint.get("/receipts")
@scoped(blueprint, Scope.ledger)
@blueprint.arguments(PeriodParameters, location="query", unknown=RAISE, as_kwargs=True)
@blueprint.response(200, listed(ReceiptSchema), headers=NEXT)
def receipts(**filters: object) -> Answer:
    """Receipts, without their wording."""
    with installation().sessions() as session:
        page = reading.read_receipts(session, Wanted(**filters))  # type: ignore[arg-type] # the schema checked them
        return answer(page, presenting.receipt_told)
