"""Changes to a donor: correct, merge, undo a merge, and cancel a monthly or yearly gift."""

from flask import (
    Blueprint,
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import EmailField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from campaign.core import clock
from campaign.core.errors import (
    ChangeRefused,
    DonorInvalid,
    DonorKnown,
    GatewayRefused,
    GatewayUnavailable,
    MergeRefused,
    NotFound,
)
from campaign.core.input_limits import read_key
from campaign.donations.canonical_donors import donor_records, find_donor
from campaign.donors.corrections import Correction, correct_donor
from campaign.donors.donor_list import DonorRow, find_donors
from campaign.donors.keyset_paging import Cursor
from campaign.donors.merging import merge_donors, undo_merge
from campaign.ledger.subscription_donations import get_subscription_by_stripe_id
from campaign.models import Donor, StaffRole, Subscription
from campaign.reporting.donor_detail import DonorDetail, read_donor_detail
from campaign.subscriptions import change_flow
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint

blueprint: Blueprint = staff_blueprint("donor_changes", "/donors/<int:donor_id>")

RETRY_AFTER = 30
"""Seconds until a retry may reach Stripe."""


class CorrectForm(FlaskForm):
    """The corrected name and addresses."""

    class Meta:
        csrf = False

    name = StringField()
    email = EmailField()
    address = TextAreaField()


class EndForm(FlaskForm):
    """When to cancel a monthly or yearly gift."""

    class Meta:
        csrf = False

    when = RadioField(
        choices=[
            SelectChoice("now", "Immediately"),
            SelectChoice("later", "At the end of the paid period"),
        ],
        validate_choice=False,
    )


@blueprint.get("/correct")
@needs(StaffRole.finance)
def ask_correction(donor_id: int) -> ResponseReturnValue:
    """Show the form to correct name, email and postal address."""
    with installation().sessions() as session:
        donor = find_donor(session, donor_id)
    return _correction_page(donor, CorrectForm(formdata=None, obj=donor))


@blueprint.post("/correct")
@needs(StaffRole.finance)
def correct(donor_id: int) -> ResponseReturnValue:
    """Save the corrected name, email and postal address."""
    form = CorrectForm(formdata=request.form)
    wanted = Correction(form.name.data or "", form.email.data or "", form.address.data or "")
    with installation().sessions() as session:
        donor = find_donor(session, donor_id)
    try:
        with installation().sessions.begin() as session:
            correct_donor(session, donor_id, wanted, actor())
    except DonorInvalid as error:
        form[error.field].errors = [str(error)]
        other = error.donor_id if isinstance(error, DonorKnown) else None
        return _correction_page(donor, form, other=other, status=422)
    flash("Saved. New emails use the corrected details; issued receipts do not change.")
    return redirect(url_for("donors.person", donor_id=donor_id), 303)


def _correction_page(
    donor: Donor, form: CorrectForm, *, other: int | None = None, status: int = 200
) -> ResponseReturnValue:
    page = render_template(
        "staff/donors/correct.html",
        page_title="Correct name and addresses",
        donor=donor,
        form=form,
        other=other,
    )
    return make_response(page, status)


@blueprint.get("/merge")
@needs(StaffRole.finance)
def ask_merge(donor_id: int) -> ResponseReturnValue:
    """Show a search for the other donor; once one is chosen, compare the two."""
    return _merge_page(donor_id, request.args.get("with", ""))


@blueprint.post("/merge")
@needs(StaffRole.finance)
def merge(donor_id: int) -> ResponseReturnValue:
    """Merge two donors. `kept` is the id of the donor to keep."""
    other, kept = request.form.get("with", ""), request.form.get("kept", "")
    kept_id, other_id = read_key(kept), read_key(other)
    if kept_id is None or other_id is None or kept_id not in {donor_id, other_id}:
        return _merge_page(donor_id, other, fault="Choose which donor to keep.")
    merged_id = other_id if kept_id == donor_id else donor_id
    try:
        with installation().sessions.begin() as session:
            merge_donors(session, kept_id, merged_id, actor())
    except MergeRefused as error:
        return _merge_page(donor_id, other, fault=str(error))
    flash("The donors are merged. You can undo this below.")
    return redirect(url_for("donors.person", donor_id=kept_id), 303)


def _merge_page(donor_id: int, other: str, *, fault: str = "") -> ResponseReturnValue:
    text = request.args.get("q", "").strip()
    with installation().sessions() as session:
        donor = find_donor(session, donor_id)
        chosen = _find_other(session, donor, other)
        if other and chosen is None:
            fault = fault or f"There is no other donor {other} to merge with."
        page = render_template(
            "staff/donors/merge.html",
            page_title="Merge two donors",
            donor=donor,
            people=[_donor_detail(session, one) for one in (donor, chosen)] if chosen else [],
            lines=[] if chosen else _mergeable_donors(session, text, donor),
            text=text,
            fault=fault,
        )
    return make_response(page, 422 if fault else 200)


def _find_other(session: Session, donor: Donor, text: str) -> Donor | None:
    key = read_key(text)
    return None if key is None or key == donor.id else session.get(Donor, key)


def _mergeable_donors(session: Session, text: str, donor: Donor) -> list[DonorRow]:
    """Return the donors that match `text` and can be merged with `donor`."""
    if not text:
        return []
    lines, _ = find_donors(session, text, Cursor())
    return [one for one in lines if one.id != donor.id and not one.erased]


def _donor_detail(session: Session, donor: Donor) -> DonorDetail:
    return read_donor_detail(session, donor, Cursor())


@blueprint.post("/merges/<int:merge_id>/undo")
@needs(StaffRole.finance)
def undo(donor_id: int, merge_id: int) -> ResponseReturnValue:
    """Undo a merge."""
    try:
        with installation().sessions.begin() as session:
            undone = undo_merge(session, merge_id, actor(), clock.now())
        flash(f"Donor {undone.merged_id} is a separate donor again.")
    except MergeRefused as error:
        flash(f"Nothing was undone: {error}")
    return redirect(url_for("donors.person", donor_id=donor_id), 303)


@blueprint.get("/subscriptions/<stripe_id>/cancel")
@needs(StaffRole.finance)
def ask_cancel(donor_id: int, stripe_id: str) -> ResponseReturnValue:
    """Ask for confirmation, and whether to cancel now or at the end of the period."""
    return _cancel_page(_subscription(donor_id, stripe_id), EndForm(formdata=None, when="now"))


@blueprint.post("/subscriptions/<stripe_id>/cancel")
@needs(StaffRole.finance)
def cancel(donor_id: int, stripe_id: str) -> ResponseReturnValue:
    """Cancel the gift, immediately or at the end of the paid period."""
    found, form = _subscription(donor_id, stripe_id), EndForm(formdata=request.form)
    if form.when.data not in {"now", "later"}:
        form.when.errors = ["Choose when to cancel it."]
        return _cancel_page(found, form, 422)
    try:
        change_flow.cancel(installation(), found, actor(), later=form.when.data == "later")
    except (ChangeRefused, GatewayRefused) as error:
        return _cancel_page(found, form, 422, f"Nothing was changed: {error}")
    except GatewayUnavailable:
        page = _cancel_page(found, form, 503, _UNREACHABLE)
        page.headers["Retry-After"] = str(RETRY_AFTER)
        return page
    flash("The cancellation was sent to Stripe. The donor will be notified by email.")
    return redirect(url_for("donors.person", donor_id=donor_id, _anchor="subscriptions"), 303)


_UNREACHABLE = "Stripe did not answer, so the gift may or may not be canceled. Try again in a minute; that is safe."


def _subscription(donor_id: int, stripe_id: str) -> Subscription:
    """Return the subscription if it belongs to this donor. Raises NotFound."""
    with installation().sessions() as session:
        found = get_subscription_by_stripe_id(session, stripe_id)
        if found.donor_id not in {
            row.id for row in donor_records(session, find_donor(session, donor_id))
        }:
            raise NotFound(f"Donor {donor_id} has no subscription {stripe_id!r}.")
        return found


def _cancel_page(
    found: Subscription, form: EndForm, status: int = 200, fault: str = ""
) -> Response:
    form.form_errors = [fault] if fault else []
    page = render_template(
        "staff/donors/cancel_gift.html",
        page_title=f"Cancel this {found.frequency} gift",
        subscription=found,
        form=form,
    )
    return make_response(page, status)
