"""Refunds that staff make: asked of Stripe once, booked once."""
