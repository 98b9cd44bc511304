"""Apply Stripe's events of a monthly gift (active, unpaid, paused, canceled), in any order and any number of times.

Each update contains the whole subscription. The newest by (time, id) wins, and a cancellation wins over everything.
Whether a renewal is unpaid comes from its invoice, where paid overrides failed. The state is derived from both.
"""

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from campaign.core.booking_context import BookingContext, Outcome, foreign
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
"""When an event was created, and its id; or when the subscription was read again at Stripe, and READ_AGAIN."""

READ_AGAIN = "read again"

_OVER = {"canceled", "incomplete_expired"}
_UNPAID = {"past_due", "unpaid"}
_RUNNING = {"active", "trialing"}


def apply_subscription(
    session: Session, fact: SubscriptionFact, at: EventMoment, books: BookingContext
) -> Outcome:
    """Apply an event created at `at`. Raises FactMismatch if the subscription has another currency."""
    if fact.status == "incomplete":
        return Outcome(applied=False, note="nothing has been paid yet")
    subscription = _find_locked(
        session, fact.id, fact.donation_id, begun=fact.status != "incomplete_expired"
    )
    if subscription is None and fact.status == "incomplete_expired":
        return Outcome(applied=False, note="nothing was ever paid")
    if subscription is None:
        return foreign(f"no donation of ours: {fact.donation_id}")
    if subscription.state == SubscriptionState.ended:
        return Outcome(applied=False, note="the monthly gift is already canceled")
    if fact.status in _OVER:
        return _end(session, subscription, fact, at, books)
    if _is_older(at, latest_event(subscription)):
        return Outcome(applied=False, note="a newer update was already applied")
    subscription.as_of, subscription.as_of_event = at
    _copy_fields(subscription, fact)
    session.flush()
    return Outcome(applied=True, note=f"the monthly gift is {subscription.state}")


def _is_older(at: EventMoment, known: EventMoment | None) -> bool:
    """Return whether what happened `at` is no newer than what is `known`.

    Events have whole seconds, and their order within one is that of their ids. Readings follow each other: of two at
    the same moment the later one counts, and an event of the same second as a reading may be newer than it.
    """
    if known is None:
        return False
    if at[1] == READ_AGAIN:
        return known[0] > at[0]
    if known[1] == READ_AGAIN:
        return known[0].replace(microsecond=0) > at[0]
    return known >= at


def apply_answer(
    session: Session,
    fact: SubscriptionFact,
    seen: EventMoment | None,
    at: datetime,
    books: BookingContext,
) -> None:
    """Apply Stripe's response to our request, unless an event newer than `seen` was applied in the meantime.

    A response is not an event and does not update `as_of`: the event of the same change arrives later, and wins.
    """
    subscription = _find_locked(session, fact.id, fact.donation_id, begun=False)
    if subscription is None or subscription.state == SubscriptionState.ended:
        return
    if fact.status in _OVER:
        _end(session, subscription, fact, (at, ""), books)
    elif seen == latest_event(subscription) and fact.status != "incomplete":
        _copy_fields(subscription, fact)
        session.flush()


def copy_taken_in(
    session: Session, subscription: Subscription, fact: SubscriptionFact, as_of: datetime
) -> None:
    """Copy the state at `as_of` of a subscription that staff take in. Nobody is told that it ended long ago."""
    subscription.as_of, subscription.as_of_event = as_of, ""
    _copy_fields(subscription, fact)
    if fact.status in _OVER:
        subscription.state = SubscriptionState.ended.value
        subscription.ended_at = fact.ended_at or as_of
        subscription.end_reason = fact.end_reason
        subscription.ends_at_period_end, subscription.paused_until = False, None
    session.flush()


def latest_event(subscription: Subscription) -> EventMoment | None:
    """Return the newest event applied so far, or None."""
    if subscription.as_of is None:
        return None
    return subscription.as_of, subscription.as_of_event


def _find_locked(
    session: Session, stripe_id: str, donation_id: str | None, *, begun: bool
) -> Subscription | None:
    """Return the subscription and lock its first donation; creates an unknown one if `begun`."""
    # A subscription that staff took in may have another application's metadata.
    public_id = first_donation_id(session, stripe_id) or donation_id
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


def _copy_fields(subscription: Subscription, fact: SubscriptionFact) -> None:
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
    if _recovered(subscription):
        _clear_failure(subscription)
    subscription.state = _state(subscription, paused=fact.paused).value


def _recovered(subscription: Subscription) -> bool:
    """Whether Stripe reports it active since the failure: the invoice was paid another way, or waived."""
    as_of, failed_at = subscription.as_of, subscription.failed_at
    running = subscription.status in _RUNNING
    return running and as_of is not None and failed_at is not None and as_of > failed_at


def _state(subscription: Subscription, *, paused: bool) -> SubscriptionState:
    if paused:
        return SubscriptionState.paused
    if subscription.failed_invoice_id or subscription.status in _UNPAID:
        return SubscriptionState.past_due
    return SubscriptionState.active


def _update_state(subscription: Subscription) -> None:
    """Update the state after an invoice event; only a subscription update can start or end a pause."""
    paused = subscription.state == SubscriptionState.paused
    subscription.state = _state(subscription, paused=paused).value


def _clear_failure(subscription: Subscription) -> None:
    subscription.failed_invoice_id = subscription.failed_at = subscription.payment_update_url = None


def _end(
    session: Session,
    subscription: Subscription,
    fact: SubscriptionFact,
    at: EventMoment,
    books: BookingContext,
) -> Outcome:
    subscription.state = SubscriptionState.ended.value
    subscription.status = fact.status
    subscription.ended_at = fact.ended_at or at[0]
    subscription.end_reason = fact.end_reason
    subscription.ends_at_period_end, subscription.paused_until = False, None
    _clear_failure(subscription)
    session.flush()
    queue_subscription_ended(session, subscription, books.mail_domain)
    return Outcome(
        applied=True, note=f"the monthly gift is canceled: {fact.end_reason or 'no reason'}"
    )


def apply_failed_invoice(
    session: Session,
    invoice: Invoice,
    occurred_at: datetime,
    books: BookingContext,
    *,
    unpaid_at: datetime | None = None,
    to_confirm: bool = False,
) -> Outcome:
    """Record a failed renewal charge and email the donor, once per attempt, with a link to pay.

    `unpaid_at`: when the invoice was read, if that is later than the failure. `to_confirm`: the bank wants the donor to
    confirm the payment; the link leads to the page for that.
    """
    if invoice.subscription_id is None:
        return foreign("the invoice belongs to no subscription")
    if invoice.first:
        return Outcome(applied=False, note="the donor is on Stripe's page and sees it there")
    subscription = _find_locked(session, invoice.subscription_id, invoice.donation_id, begun=True)
    if subscription is None:
        return foreign(f"no donation of ours: {invoice.donation_id}")
    if subscription.state == SubscriptionState.ended:
        return Outcome(applied=False, note="the monthly gift is already canceled")
    if _is_paid(session, invoice.id) or _running_since(subscription, occurred_at, unpaid_at):
        return Outcome(applied=False, note="it was paid later")
    _record_failure(subscription, invoice, occurred_at)
    _update_state(subscription)
    session.flush()
    queue_renewal_failed(session, subscription, invoice, books.mail_domain, to_confirm=to_confirm)
    why = "; the bank wants it confirmed" if to_confirm else ""
    note = f"the renewal is unpaid after {invoice.attempts} attempts{why}"
    return Outcome(applied=True, note=note)


def _record_failure(subscription: Subscription, invoice: Invoice, occurred_at: datetime) -> None:
    """Record the failure, unless a later one is known."""
    if subscription.failed_at is None or subscription.failed_at <= occurred_at:
        subscription.failed_invoice_id = invoice.id
        subscription.failed_at = occurred_at
        subscription.payment_update_url = invoice.pay_url
        subscription.customer_id = subscription.customer_id or invoice.customer_id


def _is_paid(session: Session, invoice_id: str) -> bool:
    paid = exists().where(Donation.invoice_id == invoice_id, Donation.paid_at.is_not(None))
    return bool(session.scalar(select(paid)))


def _running_since(
    subscription: Subscription, failed_at: datetime, unpaid_at: datetime | None
) -> bool:
    as_of = subscription.as_of
    return (
        as_of is not None and as_of > (unpaid_at or failed_at) and subscription.status in _RUNNING
    )


def clear_failure(session: Session, subscription: Subscription, invoice: Invoice) -> None:
    """Clear the failure of an invoice that is now paid. The caller holds the lock on the first donation."""
    session.refresh(subscription)
    if subscription.failed_invoice_id == invoice.id:
        _clear_failure(subscription)
        _update_state(subscription)
        session.flush()
