"""Read the state of a checkout session from Stripe and book it without waiting for the webhook."""

from structlog import get_logger

from campaign.core import clock
from campaign.core.errors import FactMismatch, GatewayRefused, GatewayUnavailable, ReceiptsHeld
from campaign.core.task_queue import OUTBOX
from campaign.ledger.payments import apply_session
from campaign.models import Donation
from campaign.runtime.context import Installation

log = get_logger(__name__)


def sync_donation(here: Installation, donation: Donation) -> bool:
    """Read the donation's session and apply it as the webhook would. Returns whether that changed anything.

    If Stripe is unreachable or contradicts our record, it logs that and returns False.
    """
    return sync_session(here, donation.session_id or "", donation.public_id)


def sync_session(here: Installation, session_id: str, public_id: str) -> bool:
    """Do the same for any session of the donation `public_id`, including one that is not saved."""
    try:
        found = here.gateway.retrieve_checkout_session(session_id)
        with here.sessions.begin() as session:
            outcome = apply_session(session, found, clock.now(), here.books)
    except (GatewayUnavailable, GatewayRefused, FactMismatch, ReceiptsHeld) as error:
        log.warning("session_not_applied", donation=public_id, error=str(error))
        return False
    if outcome.applied:
        here.notify(OUTBOX)
    return outcome.applied
