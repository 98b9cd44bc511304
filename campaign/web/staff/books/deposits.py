"""Deposit batches: open, fill and close them, and print the deposit slip. For finance."""

from datetime import date

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from campaign.core import clock
from campaign.core.errors import AmountInvalid, DepositRefused
from campaign.core.input_limits import read_key
from campaign.donations.gift_dates import latest_day
from campaign.donations.offline_kinds import KIND_NAMES, REVERSAL_TEXTS
from campaign.models import StaffRole
from campaign.offline.deposit_slips import slip_context
from campaign.offline.deposits import (
    close_batch,
    find_batch,
    latest_batches,
    move_gifts,
    open_batch,
    read_contents,
    undeposited_gifts,
)
from campaign.offline.recent import campaign_choices
from campaign.receipts import pdf_documents
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.layout import organization_zone
from campaign.web.staff.core.paging import pages

blueprint = staff_blueprint("deposits", "/offline/deposits")

LISTED = 50
LOOSE = 100


@blueprint.get("")
@needs(StaffRole.finance)
def listed() -> ResponseReturnValue:
    """List the batches, newest first, with the form to open a new one."""
    return _list_page()


def _list_page(fault: str = "") -> str:
    before = read_key(request.args.get("before", ""))
    with installation().sessions() as session:
        found = latest_batches(session, before, LISTED + 1)
        currencies = list(dict.fromkeys(one.currency for one in campaign_choices(session)))
    older = found[LISTED - 1].batch.id if len(found) > LISTED else None
    return render_template(
        "staff/offline/deposits.html",
        page_title="Deposits",
        batches=found[:LISTED],
        pages=pages(None, older),
        currencies=currencies or ["usd"],
        name=request.form.get("name", f"{_today()}"),
        fault=fault,
    )


def _today() -> date:
    return clock.now().astimezone(organization_zone()).date()


@blueprint.post("")
@needs(StaffRole.finance)
def begin() -> ResponseReturnValue:
    """Open a batch. Submitting the same form again leads to the same batch."""
    form = request.form
    try:
        with installation().sessions.begin() as session:
            opened = open_batch(
                session, form.get("name", ""), form.get("currency", ""), actor(), clock.now()
            )
            batch_id = opened.id
    except (DepositRefused, AmountInvalid) as error:
        return _list_page(str(error)), 422
    return redirect(url_for("deposits.batch", batch_id=batch_id), 303)


@blueprint.get("/<int:batch_id>")
@needs(StaffRole.finance)
def batch(batch_id: int) -> ResponseReturnValue:
    """Show a batch, and the gifts that could be added to it."""
    return _batch_page(batch_id)


def _batch_page(batch_id: int, faults: dict[str, str] | None = None) -> str:
    with installation().sessions() as session:
        found = find_batch(session, batch_id)
        return render_template(
            "staff/offline/deposit.html",
            page_title=f"Deposit {found.name}",
            batch=found,
            held=read_contents(session, found),
            loose=[] if found.closed_at else undeposited_gifts(session, found.currency, LOOSE),
            kinds=KIND_NAMES,
            reversal_texts=REVERSAL_TEXTS,
            deposited_on=request.form.get("deposited_on", str(_today())),
            bank_reference=request.form.get("bank_reference", ""),
            faults=faults or {},
        )


@blueprint.post("/<int:batch_id>/gifts")
@needs(StaffRole.finance)
def move(batch_id: int) -> ResponseReturnValue:
    """Add or remove gifts while the batch is open."""
    put_in = _keys("put_in")
    take_out = _keys("take_out")
    try:
        with installation().sessions.begin() as session:
            moved = move_gifts(session, batch_id, put_in, take_out, actor())
    except DepositRefused as error:
        return _batch_page(batch_id, {"gifts": str(error)}), 422
    flash(f"{moved} {'gift' if moved == 1 else 'gifts'} moved.")
    return redirect(url_for("deposits.batch", batch_id=batch_id), 303)


def _keys(name: str) -> list[int]:
    """Return the ids in a field of the form; what is no id is left out."""
    return [key for one in request.form.getlist(name) if (key := read_key(one)) is not None]


@blueprint.post("/<int:batch_id>/close")
@needs(StaffRole.finance)
def close(batch_id: int) -> ResponseReturnValue:
    """Close the batch permanently. Submitting the form again changes nothing."""
    faults = {}
    try:
        day = date.fromisoformat(request.form.get("deposited_on", ""))
        if day > latest_day(clock.now(), organization_zone()):
            faults["deposited_on"] = f"{day} is in the future."
    except ValueError:
        faults["deposited_on"] = "Enter the deposit date as 2026-12-31."
    if faults:
        return _batch_page(batch_id, faults), 422
    reference = request.form.get("bank_reference", "")
    try:
        with installation().sessions.begin() as session:
            close_batch(session, batch_id, day, reference, actor(), clock.now())
    except DepositRefused as error:
        return _batch_page(batch_id, {"gifts": str(error)}), 422
    flash("The deposit is closed. It can no longer be changed.")
    return redirect(url_for("deposits.batch", batch_id=batch_id), 303)


@blueprint.get("/<int:batch_id>/slip.pdf")
@needs(StaffRole.finance)
def slip(batch_id: int) -> ResponseReturnValue:
    """Return the deposit slip as a PDF: US Letter, or A4 with `?paper=a4`."""
    with installation().sessions() as session:
        held = read_contents(session, find_batch(session, batch_id))
        context = slip_context(held, installation().settings.organization)
    sheet = "a4" if request.args.get("paper") == "a4" else "us-letter"
    answer = Response(pdf_documents.deposit_slip_pdf(context, sheet), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="deposit-{batch_id}.pdf"'
    return answer
