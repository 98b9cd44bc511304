"""The edge of refunds that we make: write the request down, commit, ask Stripe, apply its answer, commit.

For staff's page, the command and the workers. A call that was cut is looked up among the payment's refunds, by the
request's token in their metadata, before anything is asked again; no request is ever made twice.
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
from campaign.gateway import InvoicePaymentFact, StripeRefund
from campaign.ledger.refund_evidence import apply_refund
from campaign.models import Donation, Refund, RefundState, StripeRequest
from campaign.refunds import refunds
from campaign.refunds.stripe_requests import next_refund_request
from campaign.runtime.context import Installation
from campaign.subscriptions.invoices import apply_invoice_payment

GRACE = timedelta(minutes=1)
"""A request is left to whoever made it for so long before the workers take it up."""

TIME_FOR_A_TASK = timedelta(minutes=5)
"""The next run goes on with the rest."""

log = get_logger(__name__)


def refund_donation(installation: Installation, asked: refunds.RefundRequest) -> Refund:
    """Make the refund and book it; the refund as it stands. The same request again is looked up, never made again.

    Raises RefundRefused, by our rules or with Stripe's words; RefundUnfinished where Stripe has not confirmed it, which
    the workers then finish; GatewayUnavailable before anything was written down.
    """
    _learn_payment(installation, asked.donation_id)
    with installation.sessions.begin() as session:
        requested = refunds.request_refund(session, asked, clock.now())
    refund = requested.refund
    try:
        if requested.call is not None:
            _ask(installation, refund, requested.call)
        elif refund.state == RefundState.requested:
            _finish(installation, refund)
    except GatewayUnavailable as error:
        log.warning("refund_unfinished", refund=refund.id, error=str(error))
    return _outcome(installation, refund)


def finish_refunds(installation: Installation) -> int:
    """Take up the requests whose answer is not known; the number that is over now.

    Where Stripe is out of reach, the others wait for the next run too.
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
            if _is_away(error):
                break
    return over


def _is_away(error: CampaignError) -> bool:
    """Whether Stripe would not do anything for us now; else the error is of this one request."""
    if isinstance(error, GatewayThrottled):
        return True
    one = (GatewayBusy, GatewayKeySpent)
    return isinstance(error, GatewayUnavailable) and not isinstance(error, one)


def _learn_payment(installation: Installation, public_id: str) -> None:
    """A monthly gift is known by its invoice; which payment paid it may not have been told yet."""
    with installation.sessions() as session:
        donation = session.scalar(select(Donation).where(Donation.public_id == public_id))
    if donation is None or donation.payment_intent_id or not donation.invoice_id:
        return
    payer = installation.gateway.payments.find_payment_for_invoice(donation.invoice_id)
    if payer:
        fact = InvoicePaymentFact(donation.invoice_id, payer, "paid")
        with installation.sessions.begin() as session:
            apply_invoice_payment(session, fact, installation.books)


def _finish(installation: Installation, refund: Refund) -> bool:
    """Look a request up; where Stripe does not have it, ask under the key that may be used. True once it is over."""
    if _look_up(installation, refund):
        return True
    with installation.sessions.begin() as session:
        call = next_refund_request(session, refund, clock.now())
    return call is not None and _ask(installation, refund, call)


def _ask(installation: Installation, refund: Refund, call: StripeRequest) -> bool:
    """One call under its key. Whatever is wrong, Stripe may have done it: it is looked up before anything is said."""
    if not is_repeatable(call, clock.now()):
        return False
    try:
        made = installation.gateway.create_refund(call.parameters, call.idempotency_key)
    except GatewayRefused as error:
        if not _look_up(installation, refund):
            _refuse(installation, refund, call, error)
        return True
    except GatewayUnavailable as error:
        # Stripe does not keep it that it asked us to slow down: the key stays good.
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
    """Whether Stripe has the refund; then it is booked."""
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


def _refuse(
    installation: Installation, refund: Refund, call: StripeRequest, error: GatewayRefused
) -> None:
    log.warning("refund_refused", refund=refund.id, error=str(error))
    with installation.sessions.begin() as session:
        record_failure(session, call, error)
        refunds.mark_refund_rejected(session, refund, str(error), clock.now())


def _outcome(installation: Installation, refund: Refund) -> Refund:
    with installation.sessions() as session:
        stands = session.get_one(Refund, refund.id)
    if stands.state == RefundState.refused:
        raise RefundRefused(stands.failure_reason or "Stripe refused the refund.")
    if stands.state == RefundState.requested:
        raise RefundUnconfirmed(
            "The refund is written down, and Stripe has not confirmed it. It is looked up and finished by itself;"
            " asking for it again is not needed."
        )
    return stands
