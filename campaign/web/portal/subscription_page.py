"""What a donor's page of a monthly or yearly gift says, and its two forms. Words and formats; no calls, no commits."""

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
from campaign.core import clock, money
from campaign.core.errors import AmountInvalid
from campaign.emails.contexts import PAYMENT_FAILED
from campaign.ledger.subscription_donations import first_donation, list_paid_donations
from campaign.models import Donation, Frequency, Subscription, SubscriptionState
from campaign.subscriptions.change_requests import PAUSE_MONTHS, months_later
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
    "partially_refunded": lazy_gettext("partly refunded"),
    "refunded": lazy_gettext("refunded"),
    "disputed": lazy_gettext("disputed"),
    "dispute_lost": lazy_gettext("taken back by the bank"),
    "failed": lazy_gettext("taken back by the bank"),
}
CONFIRMATIONS = {
    "amount": lazy_gettext("The new amount is set. It is charged from the next time on."),
    "pause": lazy_gettext("This gift rests now. Nothing is charged meanwhile."),
    "resume": lazy_gettext("This gift goes on."),
    "end": lazy_gettext("This gift has ended. Nothing more will be charged."),
    "card": lazy_gettext(
        "Stripe has told us about your card. The next charge, and any that is unpaid, goes to the one you chose."
    ),
}
"""What was done, by the word that stands in the address afterwards."""


class ChangeForm(FlaskForm):
    """Another amount, or how many months to rest. No CSRF token, as on the appeal: see `web.origins`."""

    class Meta:
        csrf = False

    amount = StringField()
    months = SelectField(choices=[str(months) for months in PAUSE_MONTHS], validate_choice=False)


@dataclass(frozen=True)
class PaymentRow:
    """One gift that was charged."""

    date_text: str
    amount_text: str
    state_text: str
    receipt_url: str
    receipt_number: str


def read_amount(form: ChangeForm, subscription: Subscription) -> int | None:
    """The amount typed, in minor units, or None with the fault beside the field."""
    currency, smallest = subscription.currency, subscription.campaign.smallest_amount
    try:
        amount = money.parse_amount(form.amount.data or "", currency, page_language().formats)
        if amount < smallest:
            raise AmountInvalid(
                "The smallest amount our payment service takes is %(least)s.",
                least=formatting.amount(smallest, currency, page_language()),
            )
        if amount > money.LARGEST_CHARGE:
            raise AmountInvalid(
                "The largest amount that can be charged at once is %(most)s.",
                most=formatting.amount(money.LARGEST_CHARGE, currency, page_language()),
            )
    except AmountInvalid as error:
        form.amount.errors = [translate_error(error)]
        return None
    return amount


def read_months(form: ChangeForm) -> int | None:
    """The months chosen, or None with the fault beside the field."""
    if form.months.data in {str(months) for months in PAUSE_MONTHS}:
        return int(form.months.data)
    form.months.errors = [
        page_language().gettext("Choose for how many months this gift should rest.")
    ]
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
    """The page, private, at `status`; with what was typed in `form`, and why it was not done."""
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
        language=CONFIRMATIONS.get(done, ""),
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
    """A monthly or yearly gift in few words, and its page, for a list of them."""
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
    """`$25 a month`, `$300 a year, ended`."""
    spoken, ended = page_language(), found.state == SubscriptionState.ended
    if _monthly(found):
        text = spoken.gettext("%(amount)s a month")
        text = spoken.gettext("%(amount)s a month, ended") if ended else text
    else:
        text = spoken.gettext("%(amount)s a year")
        text = spoken.gettext("%(amount)s a year, ended") if ended else text
    return text % {"amount": formatting.amount(found.charge, found.currency, spoken)}


def _state_text(found: Subscription) -> str:
    gettext = page_language().gettext
    if found.state == SubscriptionState.ended:
        return gettext("Ended on %(day)s") % {"day": local_date(found.ended_at)}
    if found.state == SubscriptionState.paused:
        until = local_date(found.paused_until)
        return gettext("Resting until %(day)s") % {"day": until} if until else gettext("Resting")
    if found.ends_at_period_end:
        return gettext("Ends on %(day)s") % {"day": local_date(found.current_period_end)}
    if found.state == SubscriptionState.past_due:
        return gettext("The last payment did not go through")
    return gettext("Going on")


def _next_text(found: Subscription) -> str:
    """When it is charged next; empty where that is not known, or will not be."""
    if found.state == SubscriptionState.ended or found.ends_at_period_end:
        return ""
    due, until = found.current_period_end, found.paused_until
    if due is None or (found.state == SubscriptionState.paused and (until is None or due < until)):
        return ""
    return local_date(due)


def local_date(moment: datetime | None) -> str:
    """The date in the organisation's zone: `December 23, 2026`; empty for none."""
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


def pause_end(months: int) -> datetime:
    """The moment at which a pause of so many months ends."""
    zone = clock.zone(installation().settings.organization.timezone)
    return months_later(clock.now(), months, zone)
