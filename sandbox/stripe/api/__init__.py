"""Stripe's REST API as this sandbox implements it, under /v1/."""
