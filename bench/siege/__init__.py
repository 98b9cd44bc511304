"""Card testing played out: thieves and honest donors on the real application, Stripe's sandbox, simulated time."""

from bench.siege.siege import SiegePlan, siege

__all__ = ["SiegePlan", "siege"]
