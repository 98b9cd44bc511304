"""What Stripe says of a monthly gift: going on, unpaid, resting, ended. In any order and any number of times.

Updates carry all of a subscription; the newest by (time, id) wins, and the end wins over all. Whether a renewal is
unpaid is told by its invoice, and paid is stronger than failed for the same one. The state follows from both.
"""

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from campaign.core.booking_context import BookingContext, Outcome
from campaign.core.errors import FactMismatch
from campaign.donations.donations import lock_donation
from campaign.gateway import Invoice, SubscriptionFact
from campaign.ledger.subscription_donations import (
    first_donation_id,
    get_or_create_subscription,
    split_amount,
)
from campaign.models import Donation, Subscription, SubscriptionState
from campaign.subscriptions.emails import queue_renewal_failed, queue_subscription_ended

EventMoment = tuple[datetime, str]
"""When an event was made, and its id."""

_OVER = {"canceled", "incomplete_expired"}
_UNPAID = {"past_due", "unpaid"}
_RUNNING = {"active", "trialing"}


def apply_subscription(
    session: Session, fact: SubscriptionFact, told: EventMoment, books: BookingContext
) -> Outcome:
    """Apply what an event of `told` says of a subscription. Raises FactMismatch where it is in another currency."""
    if fact.status == "incomplete":
        return Outcome(applied=False, note="nothing of it has been paid yet")
    subscription = _placed(
        session, fact.id, fact.donation_id, begun=fact.status != "incomplete_expired"
    )
    if subscription is None:
        return Outcome(applied=False, note=f"no donation of ours: {fact.donation_id}")
    if subscription.state == SubscriptionState.ended:
        return Outcome(applied=False, note="the monthly gift has ended already")
    if fact.status in _OVER:
        return _end(session, subscription, fact, told, books)
    if subscription.as_of is not None and (subscription.as_of, subscription.as_of_event) >= told:
        return Outcome(applied=False, note="a newer word of it is known")
    subscription.as_of, subscription.as_of_event = told
    _take_over(subscription, fact)
    session.flush()
    return Outcome(applied=True, note=f"the monthly gift is {subscription.state}")


def apply_answer(
    session: Session,
    fact: SubscriptionFact,
    seen: EventMoment | None,
    at: datetime,
    books: BookingContext,
) -> None:
    """Apply what Stripe answered to a call of ours, unless an event told something since `seen`, the newest one before.

    It is no event and moves no clock: the event of the same change comes yet, and wins.
    """
    subscription = _placed(session, fact.id, fact.donation_id, begun=False)
    if subscription is None or subscription.state == SubscriptionState.ended:
        return
    if fact.status in _OVER:
        _end(session, subscription, fact, (at, ""), books)
    elif seen == latest_event(subscription) and fact.status != "incomplete":
        _take_over(subscription, fact)
        session.flush()


def latest_event(subscription: Subscription) -> EventMoment | None:
    """The newest event applied so far."""
    if subscription.as_of is None:
        return None
    return subscription.as_of, subscription.as_of_event


def _placed(
    session: Session, stripe_id: str, donation_id: str | None, *, begun: bool
) -> Subscription | None:
    """The subscription, its first donation locked; made where it is not known and has `begun`."""
    public_id = donation_id or first_donation_id(session, stripe_id)
    first = lock_donation(session, public_id) if public_id else None
    if first is None:
        return None
    if begun:
        get_or_create_subscription(session, first, stripe_id)
    return session.scalar(
        select(Subscription)
        .where(Subscription.stripe_id == stripe_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _take_over(subscription: Subscription, fact: SubscriptionFact) -> None:
    if fact.currency and fact.currency != subscription.currency:
        raise FactMismatch(
            f"{fact.id} is in {fact.currency}, the monthly gift in {subscription.currency}."
        )
    subscription.status = fact.status
    subscription.customer_id = fact.customer_id or subscription.customer_id
    subscription.current_period_end = fact.current_period_end or subscription.current_period_end
    subscription.ends_at_period_end = fact.cancel_at_period_end or fact.cancel_at is not None
    subscription.paused_until = fact.resumes_at if fact.paused else None
    if fact.total > 0:
        parts = split_amount(fact.total, (fact.gift, fact.fee_cover), subscription)
        subscription.amount, subscription.fee_cover = parts
    if _mended_since(subscription):
        _forget_failure(subscription)
    subscription.state = _state(subscription, paused=fact.paused).value


def _mended_since(subscription: Subscription) -> bool:
    """Stripe calls it active again since the failure: it was paid otherwise, or forgiven."""
    as_of, failed_at = subscription.as_of, subscription.failed_at
    running = subscription.status in _RUNNING
    return running and as_of is not None and failed_at is not None and as_of > failed_at


def _state(subscription: Subscription, *, paused: bool) -> SubscriptionState:
    if paused:
        return SubscriptionState.paused
    if subscription.failed_invoice_id or subscription.status in _UNPAID:
        return SubscriptionState.past_due
    return SubscriptionState.active


def _follow(subscription: Subscription) -> None:
    """After its invoices said something: only an update says whether it rests."""
    paused = subscription.state == SubscriptionState.paused
    subscription.state = _state(subscription, paused=paused).value


def _forget_failure(subscription: Subscription) -> None:
    subscription.failed_invoice_id = subscription.failed_at = subscription.payment_update_url = None


def _end(
    session: Session,
    subscription: Subscription,
    fact: SubscriptionFact,
    told: EventMoment,
    books: BookingContext,
) -> Outcome:
    subscription.state = SubscriptionState.ended.value
    subscription.status = fact.status
    subscription.ended_at = fact.ended_at or told[0]
    subscription.end_reason = fact.end_reason
    subscription.ends_at_period_end, subscription.paused_until = False, None
    _forget_failure(subscription)
    session.flush()
    queue_subscription_ended(session, subscription, books.mail_domain)
    return Outcome(
        applied=True, note=f"the monthly gift has ended: {fact.end_reason or 'no reason'}"
    )


def apply_failed_invoice(
    session: Session, invoice: Invoice, occurred_at: datetime, books: BookingContext
) -> Outcome:
    """A try to charge a renewal failed: the donor is written to, once a try, with a way to mend it."""
    if invoice.subscription_id is None:
        return Outcome(applied=False, note="the invoice belongs to no subscription")
    if invoice.first:
        return Outcome(applied=False, note="the donor is on Stripe's page and sees it there")
    subscription = _placed(session, invoice.subscription_id, invoice.donation_id, begun=True)
    if subscription is None:
        return Outcome(applied=False, note=f"no donation of ours: {invoice.donation_id}")
    if subscription.state == SubscriptionState.ended:
        return Outcome(applied=False, note="the monthly gift has ended already")
    if _is_paid(session, invoice.id) or _running_since(subscription, occurred_at):
        return Outcome(applied=False, note="it has been paid since")
    if subscription.failed_at is None or subscription.failed_at <= occurred_at:
        subscription.failed_invoice_id = invoice.id
        subscription.failed_at = occurred_at
        subscription.payment_update_url = invoice.pay_url
        subscription.customer_id = subscription.customer_id or invoice.customer_id
    _follow(subscription)
    session.flush()
    queue_renewal_failed(session, subscription, invoice, books.mail_domain)
    return Outcome(applied=True, note=f"the renewal is unpaid after {invoice.attempts} tries")


def _is_paid(session: Session, invoice_id: str) -> bool:
    paid = exists().where(Donation.invoice_id == invoice_id, Donation.paid_at.is_not(None))
    return bool(session.scalar(select(paid)))


def _running_since(subscription: Subscription, failed_at: datetime) -> bool:
    as_of = subscription.as_of
    return as_of is not None and as_of > failed_at and subscription.status in _RUNNING


def clear_failure(session: Session, subscription: Subscription, invoice: Invoice) -> None:
    """A paid invoice mends the failure of the same one. The caller holds the lock on the first donation."""
    session.refresh(subscription)
    if subscription.failed_invoice_id == invoice.id:
        _forget_failure(subscription)
        _follow(subscription)
        session.flush()
