"""SendGrid: the signed Event Webhook, a list of events per request.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from campaign.core.errors import WebhookRefused
from campaign.mailer.provider_events import BOUNCE, COMPLAINT, UNSUBSCRIBE, MailEvent
from campaign.mailer.providers.fields import (
    Named,
    address_of,
    an_object,
    event,
    is_permanent,
    kind_of,
    moment_of,
    part_of,
    require_recent,
    text_of,
    token_of,
)

OLDEST = timedelta(hours=25)
"""SendGrid repeats a request for up to 24 hours."""
_DROPPED = {
    "bounced address": BOUNCE,
    "invalid": BOUNCE,
    "spam reporting address": COMPLAINT,
    "unsubscribed address": UNSUBSCRIBE,
}
"""SendGrid did not try, because of what the address is or did before. Other reasons are about us."""
_INVALID = "invalid address"
_MAYBE_INVALID = {"", _INVALID, "mailbox unavailable", "unclassified", "technical"}
"""Bounce classifications that may be about the address; the others are content, reputation, frequency or volume."""


def verify(body: bytes, signature: str, stamp: str, keys: Sequence[str], at: datetime) -> None:
    """Raise WebhookRefused unless one of the keys signed `stamp` and `body` (ECDSA, P-256, SHA-256)."""
    if not any(_signed(key, signature, stamp.encode() + body) for key in keys):
        raise WebhookRefused("The signature is wrong; compare the verification key.")
    require_recent(stamp, at, OLDEST)


def _signed(key: str, signature: str, signed: bytes) -> bool:
    try:
        public = load_der_public_key(base64.b64decode(key))
        if not isinstance(public, ec.EllipticCurvePublicKey):
            return False
        given = base64.b64decode(signature, validate=True)
        public.verify(given, signed, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, UnsupportedAlgorithm, binascii.Error, ValueError):
        return False
    return True


def split(payload: Any) -> list[Any]:
    """Return the events of a request; raise ValueError if it is no list."""
    if not isinstance(payload, list):
        raise ValueError("the body is not a list of events")  # noqa: TRY004 - all faults are reported alike
    return payload


def read(given: Any, at: datetime) -> list[MailEvent]:
    """Return what one event means; nothing if it is no failure or wish. Raise ValueError if it is malformed."""
    fields = an_object(given, "the event")
    kind = kind_of(fields, "event")
    if kind == "bounce":
        return [_bounce(fields, at)]
    if kind == "deferred":
        words = (text_of(fields, "response") or text_of(fields, "reason"),)
        return [_event(fields, BOUNCE, at, permanent=False, words=words)]
    if kind == "dropped":
        return [_dropped(fields, at)]
    if kind == "spamreport":
        return [_event(fields, COMPLAINT, at)]
    return [_event(fields, UNSUBSCRIBE, at)] if kind in {"unsubscribe", "group_unsubscribe"} else []


def _bounce(fields: Mapping[str, Any], at: datetime) -> MailEvent:
    said, status = text_of(fields, "reason"), text_of(fields, "status")
    sort = text_of(fields, "bounce_classification").lower()
    hard = text_of(fields, "type") in {"", "bounce"} and sort in _MAYBE_INVALID
    permanent = is_permanent(said, status=status, hard=hard, in_doubt=sort == _INVALID)
    return _event(fields, BOUNCE, at, permanent=permanent, words=(status, said))


def _dropped(fields: Mapping[str, Any], at: datetime) -> MailEvent:
    reason = text_of(fields, "reason")
    kind = _DROPPED.get(reason.lower())
    return _event(fields, kind or BOUNCE, at, permanent=kind is not None, words=(reason,))


def _event(
    fields: Mapping[str, Any],
    kind: str,
    at: datetime,
    *,
    permanent: bool = True,
    words: tuple[str, ...] = (),
) -> MailEvent:
    # Custom arguments are fields of the event itself; older accounts get them in `unique_args`.
    token = token_of(fields) or token_of(part_of(fields, "unique_args"))
    named = Named(address_of(fields, "email"), token, text_of(fields, "smtp-id"))
    when = moment_of(fields.get("timestamp"), at)
    return event(kind, named, when, permanent=permanent, words=words)
