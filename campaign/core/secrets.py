"""Secrets in URLs and cookies. Only their digests are stored, so a copy of the database gives no access."""

import hashlib
import hmac
import secrets


def digest_of(secret: str) -> str:
    """Return the digest to store in place of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret() -> str:
    """Return a random, URL-safe secret of 256 bits."""
    return secrets.token_urlsafe(32)


def derived_key(secret_key: str, purpose: str) -> bytes:
    """Return a key of 256 bits for one purpose, so that what is signed for one is worth nothing for another."""
    return hmac.digest(secret_key.encode(), purpose.encode(), "sha256")


def keyed_hash(secret_key: str, purpose: str, *parts: str) -> str:
    """Return 24 hex digits, the same for the same parts, that reveal nothing even to someone who can guess them."""
    text = "\0".join(parts).encode("utf-8", "replace")
    return hmac.digest(derived_key(secret_key, purpose), text, "sha256").hex()[:24]
