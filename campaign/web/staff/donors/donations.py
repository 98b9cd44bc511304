"""Donation pages: search, details, notes, and resending or reissuing receipts. Refunds are in `refunds`."""

from collections.abc import Callable
from typing import Any

from flask import (
    Blueprint,
    Flask,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import StringField

from campaign.core import clock
from campaign.core.errors import NoteRefused, ResendRefused
from campaign.core.task_queue import OUTBOX
from campaign.donations.canonical_donors import canonical_donor
from campaign.donations.offline_kinds import KIND_NAMES
from campaign.donors.corrections import LONGEST
from campaign.donors.donation_list import find_donations
from campaign.donors.notes import add_donation_note
from campaign.donors.receipt_reissue import receipt_address, reissue_receipt, resend_receipt
from campaign.models import Donor, StaffRole
from campaign.receipts.receipts import receipt_context
from campaign.reporting.donation_detail import find_donation_detail, read_donation_detail
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.paging import pages
from campaign.web.staff.donors.donation_filters import WAYS, FilterReader, spoken
from campaign.web.staff.donors.note_form import NoteForm

_STRIPE_PATHS = {
    "pi": "payments",
    "ch": "payments",
    "py": "payments",
    "sub": "subscriptions",
    "in": "invoices",
    "cus": "customers",
    "re": "refunds",
    "pyr": "refunds",
    "dp": "disputes",
    "du": "disputes",
    "po": "payouts",
}
"""The path of an object in the Stripe dashboard, by the prefix of its id."""


def stripe_page(stripe_id: str) -> str:
    """Return the URL of `stripe_id` in the Stripe dashboard, or '' if it has no page there."""
    place = _STRIPE_PATHS.get(stripe_id.partition("_")[0])
    if place is None:
        return ""
    mode = "" if "_live_" in installation().settings.stripe_secret_key else "test/"
    return f"https://dashboard.stripe.com/{mode}{place}/{stripe_id}"


def prepare(app: Flask) -> None:
    """Register the template function `stripe_page`."""
    app.jinja_env.globals["stripe_page"] = stripe_page


blueprint: Blueprint = staff_blueprint("donations", "/donations")
blueprint.record_once(lambda state: prepare(state.app))  # type: ignore[arg-type] # a Flask, says the type of App


class ReceiptNameForm(FlaskForm):
    """The name on a corrected receipt."""

    class Meta:
        csrf = False

    name = StringField()


@blueprint.get("")
@needs(StaffRole.viewer)
def listed() -> ResponseReturnValue:
    """List the donations that match the query string."""
    with installation().sessions() as session:
        reader = FilterReader(session)
        lines, beside = [], pages(None, None)
        if not reader.wrong:
            text = reader.form.q.data or ""
            found, keys = find_donations(session, reader.filters, text, reader.cursor)
            lines, beside = list(found), pages(keys.newer, keys.older)
        page = render_template(
            "staff/donations/list.html",
            page_title="Donations",
            form=reader.form,
            narrowed=reader.narrowed,
            filtered=reader.filtered,
            lines=lines,
            pages=beside,
            ways=WAYS,
            kinds=KIND_NAMES,
            spoken=spoken,
        )
    return make_response(page, 422 if reader.wrong else 200)


@blueprint.get("/<public_id>")
@needs(StaffRole.viewer)
def gift(public_id: str) -> ResponseReturnValue:
    """Show everything about one donation."""
    return _gift(public_id, NoteForm(formdata=None))


def _gift(public_id: str, form: NoteForm, status: int = 200) -> ResponseReturnValue:
    with installation().sessions() as session:
        found = read_donation_detail(session, public_id)
        page = render_template(
            "staff/donations/detail.html",
            page_title=f"Donation {public_id}",
            gift=found,
            form=form,
            where_to=receipt_address(session, found.donation),
            donation=found.donation,
            kinds=KIND_NAMES,
        )
    return make_response(page, status)


@blueprint.post("/<public_id>/notes")
@needs(StaffRole.finance)
def note(public_id: str) -> ResponseReturnValue:
    """Add a note to the donation."""
    form = NoteForm(formdata=request.form)
    try:
        with installation().sessions.begin() as session:
            add_donation_note(
                session, find_donation_detail(session, public_id), form.text.data or "", actor()
            )
    except NoteRefused as error:
        form.text.errors = [str(error)]
        return _gift(public_id, form, 422)
    flash("Note saved.")
    return redirect(url_for(".gift", public_id=public_id, _anchor="notes"), 303)


@blueprint.post("/<public_id>/receipt")
@needs(StaffRole.finance)
def resend(public_id: str) -> ResponseReturnValue:
    """Resend the valid receipt."""

    def queue(session: Any) -> str:
        here = installation()
        message = resend_receipt(session, public_id, actor(), clock.now(), here.books)
        return f"The receipt will be sent to {message.recipient}."

    return _apply(public_id, queue)


@blueprint.get("/<public_id>/reissue")
@needs(StaffRole.finance)
def ask_reissue(public_id: str) -> ResponseReturnValue:
    """Ask for the name on the corrected receipt."""
    return _reissue_page(public_id, ReceiptNameForm(formdata=None))


@blueprint.post("/<public_id>/reissue")
@needs(StaffRole.finance)
def reissue(public_id: str) -> ResponseReturnValue:
    """Issue a corrected receipt with a different name."""
    form = ReceiptNameForm(formdata=request.form)
    name = (form.name.data or "").strip()
    if not name or len(name) > LONGEST["name"]:
        form.name.errors = [
            f"Enter the name for the receipt, at most {LONGEST['name']} characters."
        ]
        return _reissue_page(public_id, form, 422)

    def issue(session: Any) -> str:
        here = installation()
        issued = reissue_receipt(session, public_id, name, actor(), clock.now(), here.books)
        return f"Receipt {issued.number} is now the valid one."

    return _apply(public_id, issue)


def _reissue_page(public_id: str, form: ReceiptNameForm, status: int = 200) -> ResponseReturnValue:
    with installation().sessions() as session:
        donation = find_donation_detail(session, public_id)
        if form.name.data is None:
            donor = canonical_donor(session, session.get_one(Donor, donation.donor_id))
            form.name.data = donor.name or donation.name
        receipt = donation.receipt
        page = render_template(
            "staff/donations/reissue.html",
            page_title="Issue a corrected receipt",
            donation=donation,
            form=form,
            where_to=receipt_address(session, donation),
            receipt=receipt_context(receipt) if receipt else None,
        )
    return make_response(page, status)


def _apply(public_id: str, change: Callable[[Any], str]) -> ResponseReturnValue:
    """Make the change, then show its result, or why it was rejected, on the donation's page."""
    try:
        with installation().sessions.begin() as session:
            message = change(session)
        installation().notify(OUTBOX)
    except ResendRefused as refused:
        message = f"Nothing was sent: {refused}."
    flash(message)
    return redirect(url_for(".gift", public_id=public_id, _anchor="receipts"), 303)
