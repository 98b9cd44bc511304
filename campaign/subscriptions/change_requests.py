"""Changes of a monthly gift that donor or staff ask for, as Stripe wants them asked; written down before they are.

`subscriptions.change_flow` makes the calls. Each parameter set describes a state, so asking twice does no
harm.
"""

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime
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
from campaign.models import StripeRequest, Subscription, SubscriptionState

CANCEL = "subscription_end"
CANCEL_LATER = "subscription_end_later"
PAUSE = "subscription_pause"
RESUME = "subscription_resume"
AMOUNT = "subscription_amount"
CARD = "subscription_card"
CARD_PAGE = "card_page"

PAUSE_MONTHS = (1, 2, 3, 6)
"""Months for which a gift may rest."""


def next_change_request(
    session: Session,
    subscription_id: int,
    operation: str,
    parameters: dict[str, Any],
    at: datetime,
) -> tuple[StripeRequest, Subscription]:
    """The call to make, and the gift as it is known now. Raises ChangeRefused after the end.

    Every call has a key of its own: under an old one Stripe would repeat its old answer and do nothing, though the
    gift may have been changed otherwise since. Doing it twice is harmless, not doing it is not.
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
            "This gift has ended; nothing more is charged, and nothing can be changed."
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
    """That staff asked for it, in the log of its donor; what Stripe made of it stands with the gift."""
    before: dict[str, Any] = {"state": subscription.state}
    after: dict[str, Any] = {"subscription": subscription.stripe_id}
    if operation in {CANCEL, CANCEL_LATER}:
        after["when"] = "at the end of the period" if operation == CANCEL_LATER else "at once"
    elif operation == PAUSE:
        until = parameters["pause_collection"]["resumes_at"]
        after["until"] = datetime.fromtimestamp(until, UTC).isoformat()
    elif operation == AMOUNT:
        before |= {"amount": subscription.amount, "fee_cover": subscription.fee_cover}
        told = parameters["metadata"]
        after |= {"amount": int(told["gift"]), "fee_cover": int(told["cover"])}
    subject = audit_log.Subject("donor", str(subscription.donor_id), subscription.campaign_id)
    audit_log.record(session, by, _ACTIONS[operation], subject, before=before, after=after)


def pause_parameters(until: datetime) -> dict[str, Any]:
    """Invoices that fall due before `until` are voided, not collected later."""
    return {"pause_collection": {"behavior": "void", "resumes_at": int(until.timestamp())}}


def resume_parameters() -> dict[str, Any]:
    """Go on: neither resting nor about to end."""
    return {"pause_collection": "", "cancel_at_period_end": False}


def cancel_later_parameters() -> dict[str, Any]:
    """End when the present period ends."""
    return {"cancel_at_period_end": True}


def amount_parameters(
    subscription: Subscription, fact: SubscriptionFact, amount: int, fee_cover: int
) -> dict[str, Any]:
    """From the next charge on `amount`, and `fee_cover` besides where the gift has an item for it; minor units.

    Nothing is charged or credited for the present period. Raises ChangeRefused where Stripe has other items than ours.
    """
    if len(fact.items) not in {1, 2}:
        raise ChangeRefused("This gift was rearranged at Stripe; change it in Stripe's dashboard.")
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
    """Which item is the gift and which the covered fees: those by their agreed sum, else the smaller one."""
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


def months_later(at: datetime, months: int, zone: ZoneInfo) -> datetime:
    """The same day and hour `months` later in `zone`; the month's last day where it has no such day."""
    local = at.astimezone(zone)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day)
