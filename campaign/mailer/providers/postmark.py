"""Postmark: bounce, spam complaint and subscription change webhooks.

https://postmarkapp.com/developer/webhooks/bounce-webhook
https://postmarkapp.com/developer/webhooks/spam-complaint-webhook
https://postmarkapp.com/developer/webhooks/subscription-change-webhook
https://postmarkapp.com/developer/api/bounce-api (bounce types)
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

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
    text_of,
    token_of,
)

_HARD = {"HardBounce", "BadEmailAddress"}
_SOFT = {
    "Transient",
    "SoftBounce",
    "DnsError",
    "SpamNotification",
    "VirusNotification",
    "ChallengeVerification",
    "OpenRelayTest",
    "Unknown",
    "Blocked",
    "DMARCPolicy",
    "SMTPApiError",
    "TemplateRenderingFailed",
    "ManuallyDeactivated",
    "Unconfirmed",
}
"""Passing, about our message or our domain, or of an unknown cause. Other types are replies, not bounces."""
_MEANINGS = {
    **dict.fromkeys(_HARD | _SOFT, BOUNCE),
    "SpamComplaint": COMPLAINT,
    "Unsubscribe": UNSUBSCRIBE,
}
_REASONS = {
    "HardBounce": BOUNCE,
    "SpamComplaint": COMPLAINT,
    "ManualSuppression": UNSUBSCRIBE,
}


def split(payload: Any) -> list[Any]:
    """Return the one event of a request."""
    return [payload]


def read(given: Any, at: datetime) -> list[MailEvent]:
    """Return what one event means; nothing if it is no failure or wish. Raise ValueError if it is malformed."""
    fields = an_object(given, "the event")
    record = kind_of(fields, "RecordType", "Type")
    if record == "SubscriptionChange":
        return _change(fields, at)
    kind = _MEANINGS.get(text_of(fields, "Type") or record)
    if record in {"Bounce", "SpamComplaint"} and kind:
        return [_bounce(fields, kind, at)]
    return []


def _bounce(fields: Mapping[str, Any], kind: str, at: datetime) -> MailEvent:
    subtype, said = text_of(fields, "Type"), text_of(fields, "Details")
    return event(
        kind,
        Named(address_of(fields, "Email"), token_of(part_of(fields, "Metadata"))),
        moment_of(fields.get("BouncedAt"), at),
        permanent=is_permanent(said, hard=subtype in _HARD) or kind != BOUNCE,
        words=(subtype, said),
    )


def _change(fields: Mapping[str, Any], at: datetime) -> list[MailEvent]:
    """Return why Postmark no longer sends to an address. That it sends again is not for Postmark to say."""
    if fields.get("SuppressSending") is not True:
        return []
    kind = _REASONS.get(kind_of(fields, "SuppressionReason"))
    if kind is None:
        return []
    return [
        event(
            kind,
            Named(address_of(fields, "Recipient"), token_of(part_of(fields, "Metadata"))),
            moment_of(fields.get("ChangedAt"), at),
            words=(text_of(fields, "SuppressionReason"), text_of(fields, "Origin")),
        )
    ]
