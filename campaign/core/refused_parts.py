"""What Stripe objects to when it rejects a request."""

from enum import StrEnum


class RefusedPart(StrEnum):
    """What Stripe objects to: something the donor typed, or something that staff must set up at Stripe."""

    email = "email"
    amount_too_small = "amount_too_small"
    amount_too_large = "amount_too_large"
    currency = "currency"
    unknown = "unknown"
