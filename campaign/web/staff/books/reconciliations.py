"""Reconciliation of the ledger with Stripe: each run, and the discrepancies it found."""

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import TextAreaField

from campaign.core import clock
from campaign.core.errors import SettleRefused
from campaign.core.input_limits import read_key
from campaign.models import StaffRole
from campaign.reconciliation.runs import PAGE, find_run, recent_runs
from campaign.reconciliation.settled import (
    MAX_REASON,
    find_reported,
    list_settled,
    settle_discrepancy,
    settled_by_id,
)
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.paging import pages

blueprint: Blueprint = staff_blueprint("reconciliations", "/reconciliations")


class SettleForm(FlaskForm):
    """Why a discrepancy is right as it is."""

    class Meta:
        csrf = False

    reason = TextAreaField()


@blueprint.get("")
@needs(StaffRole.finance)
def index() -> ResponseReturnValue:
    """List the runs, newest first."""
    before = read_key(request.args.get("before", ""))
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
    """Show one run with its discrepancies, and which of them were settled since."""
    with installation().sessions() as session:
        found = find_run(session, run_id)
        ids = [one["id"] for one in found.discrepancies if "id" in one]
        settled = settled_by_id(session, ids)
    return render_template(
        "staff/books/reconciliation.html",
        page_title=f"Reconciliation run {run_id}",
        run=found,
        settled=settled,
    )


@blueprint.get("/settled")
@needs(StaffRole.finance)
def settled() -> ResponseReturnValue:
    """List every settled discrepancy with its reason."""
    with installation().sessions() as session:
        found = list_settled(session)
    return render_template(
        "staff/books/settled.html", page_title="Settled discrepancies", settled=found
    )


@blueprint.get("/discrepancies/<discrepancy_id>")
@needs(StaffRole.finance)
def ask_settle(discrepancy_id: str) -> ResponseReturnValue:
    """Show one discrepancy and ask for the reason to settle it."""
    return _discrepancy_page(discrepancy_id, SettleForm(formdata=None))


@blueprint.post("/discrepancies/<discrepancy_id>")
@needs(StaffRole.finance)
def settle(discrepancy_id: str) -> ResponseReturnValue:
    """Settle the discrepancy: it is right as it is."""
    form = SettleForm(formdata=request.form)
    try:
        with installation().sessions.begin() as session:
            settle_discrepancy(
                session, discrepancy_id, form.reason.data or "", actor(), clock.now()
            )
    except SettleRefused as error:
        form.reason.errors = [str(error)]
        return _discrepancy_page(discrepancy_id, form, 422)
    flash("Settled. If one of its amounts changes, it is reported again.")
    return redirect(url_for("reconciliations.ask_settle", discrepancy_id=discrepancy_id), 303)


def _discrepancy_page(
    discrepancy_id: str, form: SettleForm, status: int = 200
) -> ResponseReturnValue:
    with installation().sessions() as session:
        found = find_reported(session, discrepancy_id)
    page = render_template(
        "staff/books/discrepancy.html",
        page_title=f"Discrepancy {discrepancy_id}",
        found=found,
        form=form,
        longest=MAX_REASON,
    )
    return make_response(page, status)
