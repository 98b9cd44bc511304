"""Refunds: how much and why, asked once more, then made once, however often the button is pressed.

What Stripe has not confirmed is said to be so; the workers look it up and finish it.
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
from campaign.web.staff.core.access import actor, needs, staff_blueprint

blueprint: Blueprint = staff_blueprint("refunds", "/donations/<public_id>/refund")

RETRY_AFTER = 30
"""Seconds after which asking Stripe again may help."""

REFUND_STATE_TEXTS = {
    "pending": "begun; the bank has it for some days",
    "succeeded": "done",
    "failed": "failed: the bank sent it back",
    "canceled": "cancelled at Stripe",
}
REASON_LABELS = {
    "": "No reason",
    "duplicate": "Given twice",
    "fraudulent": "Fraudulent",
    "requested_by_customer": "Asked for by the donor",
}


class RefundForm(FlaskForm):
    """How much and why. `token` comes with the second question and makes two clicks one refund."""

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
class _Wanted:
    amount: int
    reason: str | None
    note: str


@blueprint.get("")
@needs(StaffRole.finance)
def ask(public_id: str) -> ResponseReturnValue:
    """How much is left, and how much shall go back."""
    gift = _read(public_id)
    form = RefundForm(formdata=None)
    if gift.left is not None:
        form.amount.data = money.plain_amount(gift.left.amount, gift.donation.currency)
    return _page(gift, form)


@blueprint.post("")
@needs(StaffRole.finance)
def refund(public_id: str) -> ResponseReturnValue:
    """Without a token, asks once more; with it, makes the refund."""
    gift = _read(public_id)
    form = RefundForm(formdata=request.form)
    wanted = _wanted(form, gift)
    if wanted is None:
        return _page(gift, form, status=422)
    if not _TOKEN.fullmatch(form.token.data or ""):
        form.token.data = new_token()
        return _page(gift, form, wanted, template="staff/donations/refund_confirm.html")
    asked = RefundRequest(
        public_id, wanted.amount, actor(), form.token.data, wanted.reason, wanted.note
    )
    return _made(gift, form, asked)


def _made(gift: DonationDetail, form: RefundForm, asked: RefundRequest) -> ResponseReturnValue:
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
        page = _page(gift, form, status=503, fault=_AWAY)
        page.headers["Retry-After"] = str(RETRY_AFTER)
        return page
    flash(_said(made, gift.donation))
    return redirect(url_for("donations.gift", public_id=public_id, _anchor="refunds"), 303)


_AWAY = "Stripe did not answer, and nothing was asked of it. Nothing was refunded; try again in a minute."


def _said(made: Refund, donation: Donation) -> str:
    what = money.format_money(made.amount, donation.currency)
    return f"Refund of {what}: {REFUND_STATE_TEXTS.get(made.state, made.state)}."


def _wanted(form: RefundForm, gift: DonationDetail) -> _Wanted | None:
    """What was typed, or None with the fault beside the field. A second click, after it was made, is not refused here:
    what is left has changed by it.
    """
    amount = _amount(form, gift)
    if amount is None:
        return None
    if form.reason.data and form.reason.data not in REASONS:
        form.reason.errors = ["Choose one of these reasons."]
    note = _note(form)
    return None if form.errors else _Wanted(amount, form.reason.data or None, note)


def _amount(form: RefundForm, gift: DonationDetail) -> int | None:
    """Minor units; None where nothing could be read."""
    currency, left = gift.donation.currency, gift.left
    try:
        amount = money.parse_amount((form.amount.data or "").strip(), currency)
    except AmountInvalid as error:
        form.amount.errors = [str(error)]
        return None
    if not form.token.data and (left is None or amount > left.amount):
        most = money.format_money(left.amount if left else 0, currency)
        form.amount.errors = [f"No more than {most} is left to refund."]
    return amount


def _note(form: RefundForm) -> str:
    note = (form.note.data or "").strip()
    if has_control_character(note):
        form.note.errors = ["The note holds a control character; write it anew."]
    if len(note) > MAX_NOTE_LENGTH:
        form.note.errors = [f"At most {MAX_NOTE_LENGTH} characters; this has {len(note)}."]
    return note


def _read(public_id: str) -> DonationDetail:
    with installation().sessions() as session:
        return read_donation_detail(session, public_id)


def _page(
    gift: DonationDetail,
    form: RefundForm,
    wanted: _Wanted | None = None,
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
