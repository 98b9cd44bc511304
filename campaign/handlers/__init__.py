"""One function per type of Stripe event, in a registry; and the inbox's edge, which applies stored events."""

from campaign.handlers.inbox import apply_due_events, apply_next_event, replay_event
from campaign.handlers.registry import HANDLERS, dispatch

__all__ = ["HANDLERS", "apply_due_events", "apply_next_event", "dispatch", "replay_event"]
