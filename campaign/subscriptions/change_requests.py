"""Stripe requests that change a monthly gift for a donor or for staff, recorded before they are sent.

`subscriptions.change_flow` sends them. Each set of parameters describes a state, so sending it twice is harmless.
"""

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.audit.stripe_requests import add_request, latest_request
from campaign.checkout.session_requests import INTERVALS
from campaign.core.errors import ChangeRefused
from campaign.donations.donations import lock_donation
from campaign.gateway import SubscriptionFact, SubscriptionItem
from campaign.ledger.subscription_donations import first_donation
from campaign.models import Frequency, StripeRequest, Subscription, SubscriptionState

CANCEL = "subscription_end"
CANCEL_LATER = "subscription_end_later"
PAUSE = "subscription_pause"
RESUME = "subscription_resume"
AMOUNT = "subscription_amount"
CARD = "subscription_card"
CARD_PAGE = "card_page"

PAUSE_MONTHS = (1, 2, 3, 6)
"""Months for which a gift can be paused."""

_PAST_THE_CHARGE = timedelta(days=3, hours=1)
"""A month that ends on the 28th is three days shorter than the longest; the hour is for a charge at the same moment."""


def next_change_request(
    session: Session,
    subscription_id: int,
    operation: str,
    parameters: dict[str, Any],
    at: datetime,
) -> tuple[StripeRequest, Subscription]:
    """Record the request to send and return it with the current gift. Raises ChangeRefused if it is canceled.

    Every request gets its own idempotency key. For an old key Stripe would repeat its old response and do nothing,
    although the gift may have changed since. Sending a request twice is harmless; not sending it is not.
    """
    subscription = session.get_one(Subscription, subscription_id)
    first = first_donation(session, subscription)
    lock_donation(session, first.public_id)
    subscription = session.scalars(
        select(Subscription)
        .where(Subscription.id == subscription_id)
        .execution_options(populate_existing=True)
    ).one()
    if subscription.state == SubscriptionState.ended:
        raise ChangeRefused(
            "This gift is canceled. It can no longer be changed, and nothing more will be charged."
        )
    latest = latest_request(session, first.id, operation)
    key = f"{operation.replace('_', '-')}-{subscription.stripe_id}"
    call = add_request(session, first.id, operation, key, parameters, after=latest, at=at)
    return call, subscription


_ACTIONS = {
    CANCEL: "subscription.ended",
    CANCEL_LATER: "subscription.ended",
    PAUSE: "subscription.paused",
    RESUME: "subscription.resumed",
    AMOUNT: "subscription.changed",
}


def log_change(
    session: Session,
    subscription: Subscription,
    by: audit_log.Actor,
    operation: str,
    parameters: Mapping[str, Any],
) -> None:
    """Log a staff member's request in the donor's activity; the gift shows what Stripe did with it."""
    before: dict[str, Any] = {"state": subscription.state}
    after: dict[str, Any] = {"subscription": subscription.stripe_id}
    if operation in {CANCEL, CANCEL_LATER}:
        after["when"] = "at the end of the period" if operation == CANCEL_LATER else "at once"
    elif operation == PAUSE:
        until = parameters["pause_collection"]["resumes_at"]
        after["until"] = datetime.fromtimestamp(until, UTC).isoformat()
    elif operation == AMOUNT:
        before |= {"amount": subscription.amount, "fee_cover": subscription.fee_cover}
        metadata = parameters["metadata"]
        after |= {"amount": int(metadata["gift"]), "fee_cover": int(metadata["cover"])}
    subject = audit_log.Subject("donor", str(subscription.donor_id), subscription.campaign_id)
    audit_log.record(session, by, _ACTIONS[operation], subject, before=before, after=after)


def pause_parameters(until: datetime) -> dict[str, Any]:
    """Return the parameters of a pause. Invoices due before `until` are voided, not collected later."""
    return {"pause_collection": {"behavior": "void", "resumes_at": int(until.timestamp())}}


def resume_parameters(fact: SubscriptionFact | None = None) -> dict[str, Any]:
    """Return the parameters that end a pause and undo a scheduled cancellation.

    `fact` is the gift as it is at Stripe. A cancellation at a date (`cancel_at`), which staff can set in the dashboard,
    is undone by its own parameter; Stripe refuses the two parameters together.
    https://docs.stripe.com/api/subscriptions/update#update_subscription-cancel_at
    """
    if fact is not None and fact.cancel_at is not None and not fact.cancel_at_period_end:
        return {"pause_collection": "", "cancel_at": ""}
    return {"pause_collection": "", "cancel_at_period_end": False}


def cancel_later_parameters() -> dict[str, Any]:
    """Return the parameters that cancel the gift at the end of the current period."""
    return {"cancel_at_period_end": True}


def amount_parameters(
    subscription: Subscription, fact: SubscriptionFact, amount: int, fee_cover: int
) -> dict[str, Any]:
    """Return the parameters of a new amount from the next charge on; `amount` and `fee_cover` are minor units.

    If the gift has no item for the covered fees, they are added to the gift's item. Nothing is charged or credited for
    the current period. Raises ChangeRefused if the items at Stripe are not the ones we created.
    """
    if len(fact.items) not in {1, 2}:
        raise ChangeRefused(
            "This gift was set up differently in Stripe. Change it in the Stripe Dashboard."
        )
    gift_item, cover_item = _parts(subscription, fact)
    gift, covered = (amount, fee_cover) if cover_item else (amount + fee_cover, 0)
    items = [_repriced(subscription, gift_item, gift)]
    if cover_item:
        items.append(_repriced(subscription, cover_item, covered))
    return {
        "items": items,
        "proration_behavior": "none",
        "metadata": {"gift": str(amount), "cover": str(fee_cover)},
    }


def _parts(
    subscription: Subscription, fact: SubscriptionFact
) -> tuple[SubscriptionItem, SubscriptionItem | None]:
    """Return the gift's item and the fees' item: the one with the agreed fee amount, else the smaller one."""
    if len(fact.items) == 1:
        return fact.items[0], None
    one, other = fact.items
    agreed = [item for item in fact.items if item.total == subscription.fee_cover]
    fee_cover = agreed[0] if len(agreed) == 1 else min(one, other, key=lambda item: item.total)
    return (other if fee_cover is one else one), fee_cover


def _repriced(subscription: Subscription, item: SubscriptionItem, amount: int) -> dict[str, Any]:
    return {
        "id": item.id,
        "quantity": 1,
        "price_data": {
            "currency": subscription.currency,
            "product": item.product_id,
            "recurring": {"interval": INTERVALS[subscription.frequency]},
            "unit_amount": amount,
        },
    }


def pause_end(subscription: Subscription, months: int, at: datetime, zone: ZoneInfo) -> datetime:
    """Return when a pause of `months` that starts `at` ends: on the same day in `zone`, after as many charges.

    Stripe counts months in UTC and from the day of the first charge. Our months can be a day or three shorter, so
    without the second rule a pause of one month could end just before the only charge that it was meant to skip.
    https://docs.stripe.com/billing/subscriptions/billing-cycle
    """
    end, due = months_later(at, months, zone), subscription.current_period_end
    if subscription.frequency != Frequency.monthly or due is None or due <= at:
        return end
    last_skipped = months_later(due, months - 1, ZoneInfo("UTC"))
    return max(end, (last_skipped + _PAST_THE_CHARGE).astimezone(zone))


def months_later(at: datetime, months: int, zone: ZoneInfo) -> datetime:
    """Return the same day and time `months` later in `zone`, or the month's last day if it has no such day."""
    local = at.astimezone(zone)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day)
