"""Stripe events: the inbox, and one handler per event type."""
