"""Secrets in addresses and cookies. Only their digest is stored, so that a copy of the database opens nothing."""

import hashlib
import secrets


def digest_of(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret() -> str:
    """256 bits, safe in an address."""
    return secrets.token_urlsafe(32)
