"""One function per type of Stripe event, in a registry; and the inbox's edge, which applies stored events
and fetches those that never arrived. Beside it what is asked of Stripe without an event: fees, whose a payment is,
and whether its balance agrees with the ledger."""

from campaign.handlers.inbox import apply_due_events, apply_next_event, replay_event
from campaign.handlers.recovery import Recovery, recover_events
from campaign.handlers.registry import HANDLERS, dispatch
from campaign.reconciliation.fetch_fees import book_fees
from campaign.reconciliation.fetch_payouts import fetch_payouts, read_payouts
from campaign.reconciliation.match_payments import match_returns
from campaign.reconciliation.recorded_run import reconcile_and_keep
from campaign.reconciliation.run import Reconciliation, reconcile

__all__ = [
    "HANDLERS",
    "Reconciliation",
    "Recovery",
    "apply_due_events",
    "apply_next_event",
    "book_fees",
    "dispatch",
    "fetch_payouts",
    "match_returns",
    "read_payouts",
    "reconcile",
    "reconcile_and_keep",
    "recover_events",
    "replay_event",
]
