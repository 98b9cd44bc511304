"""Verify a webhook: the signature over the raw bytes, a recent timestamp, and our mode.

https://docs.stripe.com/webhooks#verify-manually
"""

from datetime import datetime

import stripe

from campaign.core.errors import WebhookRefused
from campaign.gateway.events import Event, read_event

TOLERANCE = 300
"""Seconds a timestamp may be off in either direction. The SDK's own check accepts any time in the future."""


def verified_event(
    body: bytes, signature: str, *, secrets: tuple[str, ...], livemode: bool, at: datetime
) -> Event:
    """Return the event in `body` if one of `secrets` signed it within TOLERANCE of `at`; else raise WebhookRefused."""
    _require_fresh(signature, at)
    _require_signature(body, signature, secrets)
    event = read_event(body)
    if event.livemode is not livemode:
        raise WebhookRefused(
            f"The event's livemode is {event.livemode}; this installation expects {livemode}."
        )
    return event


def _require_fresh(signature: str, at: datetime) -> None:
    stamps = [part[2:] for part in signature.split(",") if part.startswith("t=")]
    if (
        len(stamps) != 1
        or not stamps[0].isascii()
        or not stamps[0].isdigit()
        or len(stamps[0]) > 12
    ):
        raise WebhookRefused("The signature header has no timestamp.")
    if abs(at.timestamp() - int(stamps[0])) > TOLERANCE:
        raise WebhookRefused(f"The timestamp is more than {TOLERANCE} seconds off.")


def _require_signature(body: bytes, signature: str, secrets: tuple[str, ...]) -> None:
    if not signature.isascii():
        raise WebhookRefused("The signature header is not ASCII.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise WebhookRefused("The body is not UTF-8.") from None
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(text, signature, secret, tolerance=None)
        except stripe.SignatureVerificationError:
            continue
        return
    raise WebhookRefused("The signature matches none of our secrets.")
