"""Fetch payouts from Stripe: the list, and the items of each payout, which no event includes."""

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
"""How long to look for an item's donation. Items of other sellers on the same account never have one."""


def fetch_payouts(installation: Installation, since: datetime) -> int:
    """Fetch every payout since then; return how many were new or changed."""
    new = 0
    for payout in installation.gateway.payouts.list_since(since):
        with installation.sessions.begin() as session:
            new += record_payout(session, payout, clock.now()).applied
    return new


def read_payouts(installation: Installation) -> int:
    """Read the items of new payouts, one commit each; return how many payouts were read.

    Raises GatewayUnavailable. Stripe does not list the items of a manual payout; it is saved without them.
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
