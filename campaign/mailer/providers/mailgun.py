"""Mailgun: webhooks with `signature` and `event-data`.

https://documentation.mailgun.com/docs/mailgun/user-manual/events/webhooks
https://documentation.mailgun.com/docs/mailgun/user-manual/events/events (kinds of events and their fields)
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from campaign.core.errors import WebhookRefused
from campaign.mailer.provider_events import BOUNCE, COMPLAINT, UNSUBSCRIBE, MailEvent
from campaign.mailer.providers.fields import (
    Named,
    address_of,
    an_object,
    envelope_token,
    event,
    is_permanent,
    kind_of,
    moment_of,
    part_of,
    require_recent,
    text_of,
    token_of,
)

OLDEST = timedelta(hours=12)
"""Mailgun repeats a request for up to eight hours."""
_DROPPED = {
    "suppress-bounce": BOUNCE,
    "suppress-complaint": COMPLAINT,
    "suppress-unsubscribe": UNSUBSCRIBE,
}
"""Mailgun did not try, because of what the address did before."""


def verify(payload: Any, keys: Sequence[str], at: datetime) -> None:
    """Raise WebhookRefused unless `signature` was made with one of the keys, at most OLDEST ago."""
    signature = part_of(payload, "signature") if isinstance(payload, Mapping) else {}
    stamp, token, given = (text_of(signature, name) for name in ("timestamp", "token", "signature"))
    signed = f"{stamp}{token}".encode()
    made = [hmac.digest(key.encode(), signed, "sha256").hex() for key in keys]
    if not any(hmac.compare_digest(each, given.lower()) for each in made if given.isascii()):
        raise WebhookRefused("The signature is wrong; compare the HTTP webhook signing key.")
    require_recent(stamp, at, OLDEST)


def split(payload: Any) -> list[Any]:
    """Return the one event of a request; raise ValueError if there is none."""
    fields = an_object(payload, "the body")
    return [an_object(fields.get("event-data"), "event-data")]


def read(given: Any, at: datetime) -> list[MailEvent]:
    """Return what one event means; nothing if it is no failure or wish. Raise ValueError if it is malformed."""
    fields = an_object(given, "event-data")
    kind = kind_of(fields, "event")
    if kind == "failed":
        return [_failure(fields, at)]
    if kind == "complained":
        return [_event(fields, COMPLAINT, at)]
    # With the tag `%tag%`, somebody leaves one kind of email only; we have one.
    return [_event(fields, UNSUBSCRIBE, at)] if kind == "unsubscribed" else []


def _failure(fields: Mapping[str, Any], at: datetime) -> MailEvent:
    reason = text_of(fields, "reason")
    if reason in _DROPPED:
        return _event(fields, _DROPPED[reason], at, words=(reason,))
    status = part_of(fields, "delivery-status")
    said = (text_of(status, "message"), text_of(status, "description"))
    code, enhanced = text_of(status, "code"), text_of(status, "enhanced-code")
    hard = kind_of(fields, "severity") == "permanent" and reason != "old"
    # Permanent is every failure after which Mailgun gives up, also one about us.
    permanent = is_permanent(*said, code=code, status=enhanced, hard=hard, in_doubt=False)
    return _event(fields, BOUNCE, at, permanent=permanent, words=(code, *said))


def _event(
    fields: Mapping[str, Any],
    kind: str,
    at: datetime,
    *,
    permanent: bool = True,
    words: tuple[str, ...] = (),
) -> MailEvent:
    headers = part_of(part_of(fields, "message"), "headers")
    sender = text_of(part_of(fields, "envelope"), "sender")
    named = Named(
        address_of(fields, "recipient"),
        token_of(part_of(fields, "user-variables")) or envelope_token(sender),
        text_of(headers, "message-id"),
    )
    when = moment_of(fields.get("timestamp"), at)
    return event(kind, named, when, permanent=permanent, words=words)
