"""Stripe Checkout: create a session for a donation and read its result."""
