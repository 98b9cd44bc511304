"""Refund a donation through Stripe: save the request, commit, call Stripe, apply its answer, commit.

For the staff page, the command and the workers. After an interrupted call, the payment's refunds are searched for the
request's token in their metadata before Stripe is called again, so no refund is ever made twice.
"""

from datetime import timedelta

from sqlalchemy import select
from structlog import get_logger

from campaign.audit.stripe_requests import is_repeatable, record_failure, record_response
from campaign.core import clock
from campaign.core.errors import (
    CampaignError,
    GatewayBusy,
    GatewayKeySpent,
    GatewayRefused,
    GatewayThrottled,
    GatewayUnavailable,
    RefundRefused,
    RefundUnconfirmed,
)
from campaign.core.task_queue import OUTBOX
from campaign.gateway import StripeRefund
from campaign.ledger.refund_evidence import apply_refund
from campaign.models import Donation, Refund, RefundState, StripeRequest
from campaign.refunds import refunds
from campaign.refunds.stripe_requests import next_refund_request
from campaign.runtime.context import Installation
from campaign.subscriptions.invoices import apply_invoice_payment

GRACE = timedelta(minutes=1)
"""How old an unconfirmed request must be before the workers pick it up: its caller may still be at work."""

TIME_FOR_A_TASK = timedelta(minutes=5)
"""How long one run may take; the next run continues with the rest."""

log = get_logger(__name__)


def refund_donation(installation: Installation, asked: refunds.RefundRequest) -> Refund:
    """Make a refund, book it and return it. Repeating a request looks the refund up; it is never made twice.

    Raises RefundRefused if our rules or Stripe reject it (with Stripe's message); RefundUnfinished if Stripe has not
    confirmed it yet, in which case the workers finish it; GatewayUnavailable only before anything is saved.
    """
    _fetch_payment_intent(installation, asked.donation_id)
    with installation.sessions.begin() as session:
        requested = refunds.request_refund(session, asked, clock.now())
    refund = requested.refund
    try:
        if requested.call is not None:
            _send(installation, refund, requested.call)
        elif refund.state == RefundState.requested:
            _finish(installation, refund)
    except GatewayUnavailable as error:
        log.warning("refund_unfinished", refund=refund.id, error=str(error))
    return _outcome(installation, refund)


def finish_refunds(installation: Installation) -> int:
    """Finish the requests that Stripe has not confirmed; return how many are done now.

    If Stripe is unavailable, the remaining ones wait for the next run.
    """
    begun = clock.now()
    with installation.sessions() as session:
        waiting = refunds.list_unconfirmed_refunds(session, begun - GRACE)
    over = 0
    for refund in waiting:
        if clock.now() - begun > TIME_FOR_A_TASK:
            break
        try:
            over += _finish(installation, refund)
        except CampaignError as error:
            log.warning("refund_unfinished", refund=refund.id, error=str(error))
            if _is_unavailable(error):
                break
    return over


def _is_unavailable(error: CampaignError) -> bool:
    """Return whether Stripe is unavailable for all requests, rather than failing this one."""
    if isinstance(error, GatewayThrottled):
        return True
    one = (GatewayBusy, GatewayKeySpent)
    return isinstance(error, GatewayUnavailable) and not isinstance(error, one)


def _fetch_payment_intent(installation: Installation, public_id: str) -> None:
    """Look up the payment intent of a renewal that is only known by its invoice so far."""
    with installation.sessions() as session:
        donation = session.scalar(select(Donation).where(Donation.public_id == public_id))
    if donation is None or donation.payment_intent_id or not donation.invoice_id:
        return
    for fact in installation.gateway.payments.list_invoice_payments(donation.invoice_id):
        with installation.sessions.begin() as session:
            apply_invoice_payment(session, fact, installation.books)


def _finish(installation: Installation, refund: Refund) -> bool:
    """Look a request up; if Stripe does not have it, send it again if that is safe. Return True once it is done."""
    if _look_up(installation, refund):
        return True
    with installation.sessions.begin() as session:
        call = next_refund_request(session, refund, clock.now())
    return call is not None and _send(installation, refund, call)


def _send(installation: Installation, refund: Refund, call: StripeRequest) -> bool:
    """Send one request under its key. After any error, look the refund up first: Stripe may have made it anyway."""
    if not is_repeatable(call, clock.now()):
        return False
    try:
        made = installation.gateway.create_refund(call.parameters, call.idempotency_key)
    except GatewayRefused as error:
        if not _look_up(installation, refund):
            _reject(installation, refund, call, error)
        return True
    except GatewayUnavailable as error:
        # Stripe does not store a rate-limit answer under the key, so the key stays valid.
        if isinstance(error, GatewayKeySpent) and not isinstance(error, GatewayThrottled):
            with installation.sessions.begin() as session:
                record_failure(session, call, error)
        if not _look_up(installation, refund):
            raise
        return True
    _apply(installation, made)
    with installation.sessions.begin() as session:
        record_response(session, call, made.id, clock.now())
    return True


def _look_up(installation: Installation, refund: Refund) -> bool:
    """Book the refund if Stripe has it; return whether it does."""
    for found in installation.gateway.payments.list_refunds(refund.payment_intent_id or ""):
        if found.request_token == refund.request_token:
            _apply(installation, found)
            return True
    return False


def _apply(installation: Installation, found: StripeRefund) -> None:
    with installation.sessions.begin() as session:
        outcome = apply_refund(session, found, clock.now(), installation.books)
    if outcome.applied:
        installation.notify(OUTBOX)


def _reject(
    installation: Installation, refund: Refund, call: StripeRequest, error: GatewayRefused
) -> None:
    log.warning("refund_refused", refund=refund.id, error=str(error))
    with installation.sessions.begin() as session:
        record_failure(session, call, error)
        refunds.mark_refund_rejected(session, refund, str(error), clock.now())


def _outcome(installation: Installation, refund: Refund) -> Refund:
    with installation.sessions() as session:
        current = session.get_one(Refund, refund.id)
    if current.state == RefundState.refused:
        raise RefundRefused(current.failure_reason or "Stripe rejected the refund.")
    if current.state == RefundState.requested:
        raise RefundUnconfirmed(
            "The refund is saved, but Stripe has not confirmed it yet. It finishes automatically; there is no need to"
            " request it again."
        )
    return current
