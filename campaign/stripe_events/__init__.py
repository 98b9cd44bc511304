"""Stripe's events: the inbox, and one function per event type."""
