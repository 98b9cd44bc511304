"""Reconciliation of the ledger with Stripe: each run, and the discrepancies it found."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from campaign.models import StaffRole
from campaign.reconciliation.runs import PAGE, find_run, recent_runs
from campaign.web.context import installation
from campaign.web.staff.core.access import needs, staff_blueprint
from campaign.web.staff.core.paging import pages

blueprint: Blueprint = staff_blueprint("reconciliations", "/reconciliations")


@blueprint.get("")
@needs(StaffRole.finance)
def index() -> ResponseReturnValue:
    """List the runs, newest first."""
    before = request.args.get("before", type=int)
    with installation().sessions() as session:
        runs = recent_runs(session, before)
    older = runs[-1].id if len(runs) == PAGE else None
    return render_template(
        "staff/books/reconciliations.html",
        page_title="Reconciliation",
        runs=runs,
        pages=pages(None, older),
    )


@blueprint.get("/<int:run_id>")
@needs(StaffRole.finance)
def run(run_id: int) -> ResponseReturnValue:
    """Show one run with its discrepancies."""
    with installation().sessions() as session:
        found = find_run(session, run_id)
    return render_template(
        "staff/books/reconciliation.html", page_title=f"Reconciliation run {run_id}", run=found
    )
