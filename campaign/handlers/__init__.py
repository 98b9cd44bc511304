"""One function per type of Stripe event, in a registry; and the inbox's edge, which applies stored events
and fetches those that never arrived."""

from campaign.handlers.inbox import apply_due_events, apply_next_event, replay_event
from campaign.handlers.recovery import Recovery, recover_events
from campaign.handlers.registry import HANDLERS, dispatch

__all__ = [
    "HANDLERS",
    "Recovery",
    "apply_due_events",
    "apply_next_event",
    "dispatch",
    "recover_events",
    "replay_event",
]
