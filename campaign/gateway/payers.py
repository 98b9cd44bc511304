"""Who paid, as Stripe knows it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Payer:
    """Who paid, as far as Stripe knows; '' for what it does not. `language`: what the customer prefers, as `es-MX`."""

    email: str = ""
    name: str = ""
    language: str = ""

    def or_else(self, other: "Payer") -> "Payer":
        """Return the payer, with what is missing taken from `other`."""
        return Payer(
            self.email or other.email, self.name or other.name, self.language or other.language
        )
