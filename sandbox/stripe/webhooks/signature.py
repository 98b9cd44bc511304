"""The `Stripe-Signature` header. https://docs.stripe.com/webhooks#verify-manually"""

import hashlib
import hmac


def header(body: bytes, secret: str, timestamp: int) -> str:
    signed = hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={signed}"
