"""Incoming webhooks from Stripe and from email providers."""
