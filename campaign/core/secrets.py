"""Secrets in URLs and cookies. Only their digests are stored, so a copy of the database gives no access."""

import hashlib
import secrets


def digest_of(secret: str) -> str:
    """Return the digest to store in place of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret() -> str:
    """Return a random, URL-safe secret of 256 bits."""
    return secrets.token_urlsafe(32)
