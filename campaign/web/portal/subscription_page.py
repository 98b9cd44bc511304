"""The page of a monthly or yearly gift and its two forms. Formats only: no Stripe requests, no commits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, make_response, render_template, url_for
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import SelectField, StringField

from campaign.campaigns import formatting
from campaign.core import money
from campaign.core.errors import AmountInvalid
from campaign.emails.contexts import PAYMENT_FAILED
from campaign.ledger.subscription_donations import first_donation, list_paid_donations
from campaign.models import Donation, Frequency, Subscription, SubscriptionState
from campaign.subscriptions.change_requests import PAUSE_MONTHS
from campaign.web.appeal.page import Notice
from campaign.web.appeal.page_content import campaign_title
from campaign.web.context import installation
from campaign.web.headers import make_private
from campaign.web.language import (
    page_language,
    requested_language,
    shared_language,
    translate_error,
)

_GIFT_STATES = {
    "partially_refunded": lazy_gettext("partially refunded"),
    "refunded": lazy_gettext("refunded"),
    "disputed": lazy_gettext("disputed"),
    "dispute_lost": lazy_gettext("reversed by the bank"),
    "failed": lazy_gettext("reversed by the bank"),
}
CONFIRMATIONS = {
    "amount": lazy_gettext("Your new amount is saved. It applies from the next charge."),
    "pause": lazy_gettext("Your gift is paused. Nothing is charged until it resumes."),
    "resume": lazy_gettext("Your gift is active again."),
    "end": lazy_gettext("Your gift is canceled. Nothing more will be charged."),
    "card": lazy_gettext(
        "Your card is updated. We will use it for the next charge and for any unpaid one."
    ),
}
"""Confirmation messages by the `said` parameter of the URL."""


class ChangeForm(FlaskForm):
    """A new amount, or the months to pause. It has no CSRF token, like the appeal's form: see `web.origins`."""

    class Meta:
        csrf = False

    amount = StringField()
    months = SelectField(choices=[str(months) for months in PAUSE_MONTHS], validate_choice=False)


@dataclass(frozen=True)
class PaymentRow:
    """One payment, as the page lists it."""

    date_text: str
    amount_text: str
    state_text: str
    receipt_url: str
    receipt_number: str


def read_amount(form: ChangeForm, subscription: Subscription) -> int | None:
    """Return the amount in minor units, or None after adding an error to the field."""
    currency, smallest = subscription.currency, subscription.campaign.smallest_amount
    try:
        amount = money.parse_amount(form.amount.data or "", currency, page_language().formats)
        if amount < smallest:
            raise AmountInvalid(
                "The smallest amount our payment service accepts is %(least)s.",
                least=formatting.amount(smallest, currency, page_language()),
            )
        if amount > money.LARGEST_CHARGE:
            raise AmountInvalid(
                "The largest amount we can charge at one time is %(most)s.",
                most=formatting.amount(money.LARGEST_CHARGE, currency, page_language()),
            )
    except AmountInvalid as error:
        form.amount.errors = [translate_error(error)]
        return None
    return amount


def read_months(form: ChangeForm) -> int | None:
    """Return the months chosen, or None after adding an error to the field."""
    if form.months.data in {str(months) for months in PAUSE_MONTHS}:
        return int(form.months.data)
    form.months.errors = [page_language().gettext("Choose how many months to pause this gift.")]
    return None


def render_subscription(
    session: Session,
    found: Subscription,
    form: ChangeForm | None = None,
    *,
    notice: Notice | None = None,
    done: str = "",
    status: int = 200,
    template: str = "donor/subscription.html",
) -> Response:
    """Render the page, uncached, with `status`, the values and errors of `form`, and `notice` above."""
    form = form or ChangeForm(formdata=None)
    if form.amount.data is None:
        form.amount.data = money.plain_amount(found.amount, found.currency, page_language().formats)
    page = render_template(
        template,
        page_title=_title(found),
        gift=_values(session, found),
        payments=[_payment(one) for one in list_paid_donations(session, found)],
        form=form,
        pauses=PAUSE_MONTHS,
        errors=_errors(form),
        notice=notice,
        message=CONFIRMATIONS.get(done, ""),
    )
    return make_private(make_response(page, status))


def _errors(form: ChangeForm) -> list[dict[str, str]]:
    return [{"field_id": field.name, "text": text} for field in form for text in field.errors]


def _values(session: Session, found: Subscription) -> dict[str, Any]:
    return {
        "url": url_for("subscriptions.page", token=found.token),
        "end_url": url_for(
            "subscriptions.confirm_cancel", token=found.token, lang=requested_language() or None
        ),
        "state": found.state,
        "state_text": _state_text(found),
        "title": formatting.amount(found.charge, found.currency, page_language()),
        "heading": _heading(found),
        "monthly": _monthly(found),
        "currency_symbol": money.symbol(found.currency, page_language().formats),
        "amount_text": formatting.amount(found.amount, found.currency, page_language()),
        "cover_text": formatting.amount(found.fee_cover, found.currency, page_language())
        if found.fee_cover
        else "",
        "campaign_title": campaign_title(found.campaign),
        "campaign_url": url_for("public.appeal", slug=found.campaign.slug, lang=shared_language()),
        "email": first_donation(session, found).email,
        "next_text": _next_text(found),
        "ending": found.ends_at_period_end,
        "until_text": local_date(found.paused_until),
        "end_text": local_date(found.current_period_end),
        "failed_text": local_date(found.failed_at),
        "pay_url": found.payment_update_url or "",
        "ended": found.state == SubscriptionState.ended,
        "ended_text": local_date(found.ended_at),
        "given_up": found.end_reason == PAYMENT_FAILED,
        "give_again_url": url_for("public.home", lang=shared_language()),
    }


def summarize(found: Subscription) -> dict[str, Any]:
    """Return a summary of a monthly or yearly gift and the URL of its page, for a list."""
    return {
        "url": url_for("subscriptions.page", token=found.token, lang=requested_language() or None),
        "heading": _heading(found),
        "campaign_title": campaign_title(found.campaign),
        "state_text": _state_text(found),
        "next_text": _next_text(found),
        "ended": found.state == SubscriptionState.ended,
    }


def _monthly(found: Subscription) -> bool:
    return found.frequency == Frequency.monthly


def _title(found: Subscription) -> str:
    if _monthly(found):
        return page_language().gettext("Your monthly gift")
    return page_language().gettext("Your yearly gift")


def _heading(found: Subscription) -> str:
    """Format the gift as `$25 a month` or `$300 a year, canceled`."""
    spoken, ended = page_language(), found.state == SubscriptionState.ended
    if _monthly(found):
        text = spoken.gettext("%(amount)s a month")
        text = spoken.gettext("%(amount)s a month, canceled") if ended else text
    else:
        text = spoken.gettext("%(amount)s a year")
        text = spoken.gettext("%(amount)s a year, canceled") if ended else text
    return text % {"amount": formatting.amount(found.charge, found.currency, spoken)}


def _state_text(found: Subscription) -> str:
    gettext = page_language().gettext
    if found.state == SubscriptionState.ended:
        return gettext("Canceled on %(day)s") % {"day": local_date(found.ended_at)}
    if found.state == SubscriptionState.paused:
        until = local_date(found.paused_until)
        return gettext("Paused until %(day)s") % {"day": until} if until else gettext("Paused")
    if found.ends_at_period_end:
        return gettext("Ends on %(day)s") % {"day": local_date(found.current_period_end)}
    if found.state == SubscriptionState.past_due:
        return gettext("The last payment did not go through")
    return gettext("Active")


def _next_text(found: Subscription) -> str:
    """Return the date of the next charge, or '' if it is unknown or there is none."""
    if found.state == SubscriptionState.ended or found.ends_at_period_end:
        return ""
    due, until = found.current_period_end, found.paused_until
    if due is None or (found.state == SubscriptionState.paused and (until is None or due < until)):
        return ""
    return local_date(due)


def local_date(moment: datetime | None) -> str:
    """Format the date in the organization's time zone as `December 23, 2026`; '' for None."""
    if moment is None:
        return ""
    zone = ZoneInfo(installation().settings.organization.timezone)
    return formatting.date_there(moment, zone, page_language())


def _payment(gift: Donation) -> PaymentRow:
    receipt = gift.receipt
    return PaymentRow(
        date_text=local_date(gift.charged_at or gift.created_at),
        amount_text=formatting.amount(gift.charge, gift.currency, page_language()),
        state_text=str(_GIFT_STATES.get(gift.state, "")),
        receipt_url=url_for("donor.receipt", token=receipt.token) if receipt else "",
        receipt_number=receipt.number if receipt else "",
    )
