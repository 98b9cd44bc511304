"""Payouts asked of Stripe: the list of them, and the parts of each, which no event carries."""

from datetime import datetime, timedelta

from structlog import get_logger

from campaign.core import clock
from campaign.core.errors import GatewayMissing, GatewayRefused
from campaign.reconciliation.payouts import (
    list_unread_payouts,
    match_payout_items,
    record_payout,
    save_items,
)
from campaign.runtime.context import Installation

log = get_logger(__name__)

MATCH_WINDOW = timedelta(days=60)
"""How long the gift of a part is looked for; what belongs to others on the same account never has one."""


def fetch_payouts(installation: Installation, since: datetime) -> int:
    """Ask Stripe for every payout since then; how many of them told anything new."""
    new = 0
    for payout in installation.gateway.payouts.list_since(since):
        with installation.sessions.begin() as session:
            new += record_payout(session, payout, clock.now()).applied
    return new


def read_payouts(installation: Installation) -> int:
    """Read the parts of the payouts that were not read yet, a commit each; how many payouts were read.

    Raises GatewayUnavailable. Stripe does not tell the parts of a payout that somebody made by hand: it is kept
    without them.
    """
    with installation.sessions() as session:
        waiting = list_unread_payouts(session)
    for payout_id in waiting:
        try:
            items = list(installation.gateway.payouts.list_items(payout_id))
        except (GatewayMissing, GatewayRefused) as error:
            log.warning("payout_without_parts", payout=payout_id, error=str(error))
            items = []
        with installation.sessions.begin() as session:
            save_items(session, payout_id, items, clock.now())
    with installation.sessions.begin() as session:
        match_payout_items(session, clock.now() - MATCH_WINDOW)
    return len(waiting)
