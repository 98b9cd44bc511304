"""Commands against abuse of the public forms."""
