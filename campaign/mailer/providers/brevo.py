"""Brevo: webhooks of transactional and of marketing emails, one event or a list per request.

https://developers.brevo.com/docs/transactional-webhooks
https://developers.brevo.com/docs/marketing-webhooks
https://developers.brevo.com/docs/batched-webhooks
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from campaign.mailer.provider_events import BOUNCE, COMPLAINT, UNSUBSCRIBE, MailEvent
from campaign.mailer.providers.fields import (
    MESSAGE_KEY,
    Named,
    address_of,
    an_object,
    event,
    is_permanent,
    kind_of,
    moment_of,
    text_of,
)

_HARD = {"hard_bounce", "hardbounce", "invalid_email", "invalid"}
_SOFT = {"soft_bounce", "softbounce", "deferred", "error", "blocked"}
"""`blocked`: Brevo did not try, for a reason that it does not name."""
_MEANINGS = {
    **dict.fromkeys(_HARD | _SOFT, BOUNCE),
    **dict.fromkeys(("spam", "complaint"), COMPLAINT),
    **dict.fromkeys(("unsubscribed", "unsubscribe"), UNSUBSCRIBE),
}
_TOKEN = re.compile(rf"{MESSAGE_KEY}[=:]\s*([A-Za-z0-9_-]{{8,64}})")


def split(payload: Any) -> list[Any]:
    """Return the events of a request: one, or a list if the webhook is batched."""
    return payload if isinstance(payload, list) else [payload]


def read(given: Any, at: datetime) -> list[MailEvent]:
    """Return what one event means; nothing if it is no failure or wish. Raise ValueError if it is malformed."""
    fields = an_object(given, "the event")
    name = kind_of(fields, "event").lower()
    kind = _MEANINGS.get(name)
    return [_event(fields, name, kind, at)] if kind else []


def _event(fields: Mapping[str, Any], name: str, kind: str, at: datetime) -> MailEvent:
    said = text_of(fields, "reason")
    found = _TOKEN.search(text_of(fields, "X-Mailin-custom"))
    token = found[1] if found else ""
    return event(
        kind,
        Named(address_of(fields, "email"), token, text_of(fields, "message-id")),
        moment_of(fields.get("ts_event") or fields.get("ts"), at),
        permanent=kind != BOUNCE or is_permanent(said, hard=name in _HARD),
        words=(name, said),
    )
