"""A webhook's proof: signature over the raw bytes, a fresh timestamp, our mode.

https://docs.stripe.com/webhooks#verify-manually
"""

from datetime import datetime

import stripe

from campaign.core.errors import WebhookRefused
from campaign.gateway.events import Event, read_event

TOLERANCE = 300
"""Seconds that a timestamp may be off, either way. The SDK's own check lets any future time pass."""


def verified_event(
    body: bytes, signature: str, *, secrets: tuple[str, ...], livemode: bool, at: datetime
) -> Event:
    """The event in `body` if one of `secrets` signed it within the tolerance of `at`; else WebhookRefused."""
    _require_fresh(signature, at)
    _require_signature(body, signature, secrets)
    event = read_event(body)
    if event.livemode is not livemode:
        raise WebhookRefused(
            f"The event's livemode is {event.livemode}; this installation's is not."
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
    raise WebhookRefused("No secret of ours made this signature.")
