"""Refund pages: amount and reason, a confirmation, then exactly one refund however often the button is pressed.

A refund that Stripe has not confirmed is shown as such; the workers look it up and complete it.
"""

import re
from dataclasses import dataclass

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
from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from campaign.core import money
from campaign.core.errors import (
    AmountInvalid,
    GatewayRefused,
    GatewayUnavailable,
    RefundRefused,
    RefundUnconfirmed,
)
from campaign.core.input_limits import has_control_character
from campaign.models import Donation, Refund, StaffRole
from campaign.models.base import new_token
from campaign.refunds.flow import refund_donation
from campaign.refunds.refunds import MAX_NOTE_LENGTH, REASONS, RefundRequest
from campaign.reporting.donation_detail import DonationDetail, read_donation_detail
from campaign.web.context import installation
from campaign.web.staff.auth.kept_forms import sign_in_and_send_again
from campaign.web.staff.auth.recent_sign_in import signed_in_recently
from campaign.web.staff.core.access import actor, needs, staff_blueprint

blueprint: Blueprint = staff_blueprint("refunds", "/donations/<public_id>/refund")

RETRY_AFTER = 30
"""Seconds until a retry may reach Stripe."""

REFUND_STATE_TEXTS = {
    "pending": "started; the bank may take several days",
    "succeeded": "completed",
    "failed": "failed: the bank returned it",
    "canceled": "canceled in Stripe",
}
REASON_LABELS = {
    "": "No reason",
    "duplicate": "Duplicate gift",
    "fraudulent": "Fraudulent",
    "requested_by_customer": "Requested by the donor",
}


class RefundForm(FlaskForm):
    """Amount and reason. `token` is set on the confirmation page, so that two clicks make one refund."""

    class Meta:
        csrf = False

    amount = StringField()
    reason = SelectField(
        choices=[SelectChoice(key, words) for key, words in REASON_LABELS.items()],
        validate_choice=False,
    )
    note = TextAreaField()
    token = HiddenField()


_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,64}")


@dataclass(frozen=True)
class _RefundInput:
    amount: int
    reason: str | None
    note: str


@blueprint.get("")
@needs(StaffRole.finance)
def ask(public_id: str) -> ResponseReturnValue:
    """Show the refundable amount and ask how much to refund."""
    gift = _read(public_id)
    form = RefundForm(formdata=None)
    if gift.left is not None:
        form.amount.data = money.plain_amount(gift.left.amount, gift.donation.currency)
    return _page(gift, form)


@blueprint.post("")
@needs(StaffRole.finance)
def refund(public_id: str) -> ResponseReturnValue:
    """Without a token, ask for confirmation; with one, make the refund."""
    gift = _read(public_id)
    form = RefundForm(formdata=request.form)
    wanted = _read_input(form, gift)
    if wanted is None:
        return _page(gift, form, status=422)
    if not _TOKEN.fullmatch(form.token.data or ""):
        form.token.data = new_token()
        return _page(gift, form, wanted, template="staff/donations/refund_confirm.html")
    above = installation().settings.staff.refund_sign_in_above
    if wanted.amount > above and not signed_in_recently():
        return sign_in_and_send_again()
    asked = RefundRequest(
        public_id, wanted.amount, actor(), form.token.data, wanted.reason, wanted.note
    )
    return _make_refund(gift, form, asked)


def _make_refund(
    gift: DonationDetail, form: RefundForm, asked: RefundRequest
) -> ResponseReturnValue:
    public_id = gift.donation.public_id
    try:
        made = refund_donation(installation(), asked)
    except RefundUnconfirmed:
        page = _page(
            _read(public_id), form, template="staff/donations/refund_unconfirmed.html", status=503
        )
        page.headers["Retry-After"] = str(RETRY_AFTER)
        return page
    except RefundRefused as error:
        return _page(_read(public_id), form, status=422, fault=str(error))
    except GatewayRefused as error:
        return _page(gift, form, status=422, fault=f"Nothing was refunded. Stripe says: {error}")
    except GatewayUnavailable:
        page = _page(gift, form, status=503, fault=_UNREACHABLE)
        page.headers["Retry-After"] = str(RETRY_AFTER)
        return page
    flash(_refund_message(made, gift.donation))
    return redirect(url_for("donations.gift", public_id=public_id, _anchor="refunds"), 303)


_UNREACHABLE = "Stripe could not be reached. Nothing was refunded. Try again in a minute."


def _refund_message(made: Refund, donation: Donation) -> str:
    what = money.format_money(made.amount, donation.currency)
    return f"Refund of {what}: {REFUND_STATE_TEXTS.get(made.state, made.state)}."


def _read_input(form: RefundForm, gift: DonationDetail) -> _RefundInput | None:
    """Return the request, or None after adding an error to its field.

    A second click after the refund was made is not rejected here, although the refundable amount has changed by then.
    """
    amount = _amount(form, gift)
    if amount is None:
        return None
    if form.reason.data and form.reason.data not in REASONS:
        form.reason.errors = ["Choose one of these reasons."]
    note = _note(form)
    return None if form.errors else _RefundInput(amount, form.reason.data or None, note)


def _amount(form: RefundForm, gift: DonationDetail) -> int | None:
    """Return the amount in minor units, or None if it could not be read."""
    currency, left = gift.donation.currency, gift.left
    try:
        amount = money.parse_amount((form.amount.data or "").strip(), currency)
    except AmountInvalid as error:
        form.amount.errors = [str(error)]
        return None
    if not form.token.data and (left is None or amount > left.amount):
        most = money.format_money(left.amount if left else 0, currency)
        form.amount.errors = [f"At most {most} can be refunded."]
    return amount


def _note(form: RefundForm) -> str:
    note = (form.note.data or "").strip()
    if has_control_character(note):
        form.note.errors = ["The note contains a control character. Please retype it."]
    if len(note) > MAX_NOTE_LENGTH:
        form.note.errors = [f"Use at most {MAX_NOTE_LENGTH} characters. This note has {len(note)}."]
    return note


def _read(public_id: str) -> DonationDetail:
    with installation().sessions() as session:
        return read_donation_detail(session, public_id)


def _page(
    gift: DonationDetail,
    form: RefundForm,
    wanted: _RefundInput | None = None,
    *,
    template: str = "staff/donations/refund.html",
    status: int = 200,
    fault: str = "",
) -> Response:
    form.form_errors = [fault] if fault else []
    page = render_template(
        template,
        page_title="Refund",
        gift=gift,
        donation=gift.donation,
        form=form,
        wanted=wanted,
        reasons=REASON_LABELS,
    )
    return make_response(page, status)
