"""Stripe's REST API as this sandbox speaks it, under /v1/."""
