"""What a donor's page of a monthly or yearly gift says, and its two forms. Words and formats; no calls, no commits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask import Response, make_response, render_template, url_for
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import SelectField, StringField

from campaign import clock, money
from campaign.errors import AmountInvalid
from campaign.models import Donation, Subscription, SubscriptionState
from campaign.services.changes import PAUSES, months_later
from campaign.services.letters import EVERY, PAYMENT_FAILED
from campaign.services.subscriptions import first_donation, gifts_of
from campaign.views.appeal import Notice
from campaign.views.context import installation
from campaign.views.headers import make_private

_GIFT_STATES = {
    "partially_refunded": "partly refunded",
    "refunded": "refunded",
    "disputed": "disputed",
    "lost": "taken back by the bank",
    "failed": "taken back by the bank",
}
SAID = {
    "amount": "The new amount is set. It is charged from the next time on.",
    "pause": "This gift rests now. Nothing is charged meanwhile.",
    "resume": "This gift goes on.",
    "end": "This gift has ended. Nothing more will be charged.",
    "card": "Stripe has told us about your card. The next charge, and any that is unpaid, goes to the one you chose.",
}


class ChangeForm(FlaskForm):
    """Another amount, or how many months to rest. No CSRF token, as on the appeal: see `views.origins`."""

    class Meta:
        csrf = False

    amount = StringField()
    months = SelectField(choices=[str(months) for months in PAUSES], validate_choice=False)


@dataclass(frozen=True)
class Payment:
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
        amount = money.parse_amount(form.amount.data or "", currency)
        if amount < smallest:
            least = money.format_money(smallest, currency)
            raise AmountInvalid(f"The smallest amount our payment service takes is {least}.")
        if amount > money.LARGEST_CHARGE:
            most = money.format_money(money.LARGEST_CHARGE, currency)
            raise AmountInvalid(f"The largest amount that can be charged at once is {most}.")
    except AmountInvalid as error:
        form.amount.errors = [str(error)]
        return None
    return amount


def read_months(form: ChangeForm) -> int | None:
    """The months chosen, or None with the fault beside the field."""
    if form.months.data in {str(months) for months in PAUSES}:
        return int(form.months.data)
    form.months.errors = ["Choose for how many months this gift should rest."]
    return None


def render_subscription(
    session: Session,
    found: Subscription,
    form: ChangeForm | None = None,
    *,
    notice: Notice | None = None,
    said: str = "",
    status: int = 200,
    template: str = "donor/subscription.html",
) -> Response:
    """The page, private, at `status`; with what was typed in `form`, and why it was not done."""
    form = form or ChangeForm(formdata=None)
    if form.amount.data is None:
        form.amount.data = money.plain_amount(found.amount, found.currency)
    page = render_template(
        template,
        page_title=f"Your {found.frequency} gift",
        gift=_values(session, found),
        payments=[_payment(one) for one in gifts_of(session, found)],
        form=form,
        pauses=PAUSES,
        errors=_errors(form),
        notice=notice,
        said=SAID.get(said, ""),
    )
    return make_private(make_response(page, status))


def _errors(form: ChangeForm) -> list[dict[str, str]]:
    return [{"field_id": field.name, "text": text} for field in form for text in field.errors]


def _values(session: Session, found: Subscription) -> dict[str, Any]:
    here = url_for("subscriptions.page", token=found.token)
    return {
        "url": here,
        "state": found.state,
        "state_text": _state_text(found),
        "title": money.format_money(found.charge, found.currency),
        "every": EVERY[found.frequency],
        "frequency": found.frequency,
        "currency_symbol": money.symbol(found.currency),
        "amount_text": money.format_money(found.amount, found.currency),
        "cover_text": money.format_money(found.cover, found.currency) if found.cover else "",
        "campaign_title": found.campaign.title,
        "campaign_url": url_for("public.appeal", slug=found.campaign.slug),
        "email": first_donation(session, found).email,
        "next_text": _next_text(found),
        "ending": found.ends_at_period_end,
        "until_text": written(found.paused_until),
        "end_text": written(found.current_period_end),
        "failed_text": written(found.failed_at),
        "pay_url": found.mend_url or "",
        "ended": found.state == SubscriptionState.ended,
        "ended_text": written(found.ended_at),
        "given_up": found.end_reason == PAYMENT_FAILED,
        "give_again_url": url_for("public.home"),
    }


def _state_text(found: Subscription) -> str:
    if found.state == SubscriptionState.ended:
        return f"Ended on {written(found.ended_at)}"
    if found.state == SubscriptionState.paused:
        until = written(found.paused_until)
        return f"Resting until {until}" if until else "Resting"
    if found.ends_at_period_end:
        return f"Ends on {written(found.current_period_end)}"
    if found.state == SubscriptionState.past_due:
        return "The last payment did not go through"
    return "Going on"


def _next_text(found: Subscription) -> str:
    """When it is charged next; empty where that is not known, or will not be."""
    if found.state == SubscriptionState.ended or found.ends_at_period_end:
        return ""
    due, until = found.current_period_end, found.paused_until
    if due is None or (found.state == SubscriptionState.paused and (until is None or due < until)):
        return ""
    return written(due)


def written(moment: datetime | None) -> str:
    """The date in the organisation's zone: `December 23, 2026`; empty for none."""
    if moment is None:
        return ""
    zone = ZoneInfo(installation().settings.organization.timezone)
    return str(format_date(moment.astimezone(zone).date(), "long", locale="en"))


def _payment(gift: Donation) -> Payment:
    receipt = gift.receipt
    return Payment(
        date_text=written(gift.charged_at or gift.created_at),
        amount_text=money.format_money(gift.charge, gift.currency),
        state_text=_GIFT_STATES.get(gift.state, ""),
        receipt_url=url_for("donor.receipt", token=receipt.token) if receipt else "",
        receipt_number=receipt.number if receipt else "",
    )


def rests_until(months: int) -> datetime:
    """The moment at which a pause of so many months ends."""
    zone = clock.zone(installation().settings.organization.timezone)
    return months_later(clock.now(), months, zone)
