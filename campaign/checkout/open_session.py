"""Opening Stripe's page: under the key that is written down, or found again where the answer was lost.

For `checkout.flow`. At most one page of a donation can be paid: of several, one is kept and the others are ended.
"""

from datetime import timedelta

from structlog import get_logger

from campaign.audit.stripe_requests import record_failure
from campaign.checkout.session_requests import DOUBLE_CLICK, record_session
from campaign.checkout.sync import sync_donation, sync_session
from campaign.core import clock
from campaign.core.errors import (
    GatewayBusy,
    GatewayKeySpent,
    GatewayRefused,
    GatewayUnavailable,
)
from campaign.gateway import CheckoutSession
from campaign.models import Donation, StripeCall
from campaign.runtime.context import Installation

CLOCKS = timedelta(minutes=1)
"""How far Stripe's clock and ours may disagree."""

log = get_logger(__name__)


def open_session(here: Installation, donation: Donation, call: StripeCall) -> Donation:
    """Ask Stripe for the page, under the key that is written down already, and keep its answer.

    Raises GatewayUnavailable or GatewayRefused; the same call may be made again.
    """
    try:
        opened = here.gateway.create_checkout_session(call.parameters, call.idempotency_key)
    except GatewayBusy:
        return _wait_for_twin(here, donation)
    except (GatewayKeySpent, GatewayRefused) as error:
        with here.sessions.begin() as session:
            record_failure(session, call, error)
        raise
    kept = _keep(here, donation, call, opened)
    if call.created_at > clock.now() - DOUBLE_CLICK:
        return kept
    # An answer that was kept under its key tells how the page stood then.
    sync_donation(here, kept)
    return _again(here, kept)


def find_session(here: Installation, donation: Donation, call: StripeCall) -> Donation | None:
    """The donation with the session that Stripe opened for a call whose answer is lost; None where there is none.

    A session that was completed is applied as its webhook would be. Raises GatewayUnavailable or GatewayRefused.
    """
    since = donation.created_at - CLOCKS
    found = here.gateway.sessions_of(donation.public_id, donation.email, since)
    complete = [one for one in found if one.status == "complete"]
    usable = [one for one in found if one.status == "open"]
    for superseded in usable if complete else usable[1:]:
        _end(here, donation, superseded)
    if complete:
        return _apply(here, donation, complete[0])
    return _keep(here, donation, call, usable[0]) if usable else None


def _keep(
    here: Installation, donation: Donation, call: StripeCall, opened: CheckoutSession
) -> Donation:
    """Keep a session's page as the donation's; where another was kept meanwhile, that one counts."""
    with here.sessions.begin() as session:
        record_session(session, call, opened, clock.now())
        kept = session.get_one(Donation, donation.id)
    if kept.session_id != opened.id:
        _end(here, donation, opened)
    return kept


def _apply(here: Installation, donation: Donation, complete: CheckoutSession) -> Donation:
    before = donation.state
    sync_session(here, complete.id, donation.public_id)
    found = _again(here, donation)
    if found.state == before:
        raise GatewayUnavailable(f"Session {complete.id} is complete and could not be applied.")
    return found


def _end(here: Installation, donation: Donation, superseded: CheckoutSession) -> None:
    """Nobody was shown this page; from now on nobody can pay it."""
    log.warning("session_superseded", donation=donation.public_id, session=superseded.id)
    try:
        here.gateway.expire_session(superseded.id)
    except GatewayRefused as error:
        # It is over already: another request has ended it, or its time was up.
        log.warning("session_not_ended", session=superseded.id, error=str(error))


def _wait_for_twin(here: Installation, donation: Donation) -> Donation:
    """The same form, posted at the same moment, is being answered: its page is ours too."""
    for _ in range(20):
        clock.pause(0.25)
        found = _again(here, donation)
        if found.session_url:
            return found
    raise GatewayBusy("The same form is still being worked on.")


def _again(here: Installation, donation: Donation) -> Donation:
    with here.sessions() as session:
        return session.get_one(Donation, donation.id)
