"""SparkPost: event webhooks, a batch of events per request.

https://developers.sparkpost.com/api/webhooks/
https://support.sparkpost.com/docs/deliverability/bounce-classification-codes
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

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
    text_of,
    token_of,
)

_UNSUBSCRIBE_CLASS = "90"
_HARD_CLASSES = {"10", "30"}
"""Invalid recipient, and no recipient. Every other class is soft, a block, an administrative failure or unknown."""
_REPLY_CLASSES = {"60", "80", "100"}
"""An automatic reply, a subscription, a challenge: no bounces."""
_MEANINGS = {
    **dict.fromkeys(("bounce", "out_of_band", "delay", "policy_rejection"), BOUNCE),
    **dict.fromkeys(("generation_failure", "generation_rejection"), BOUNCE),
    **dict.fromkeys(("list_unsubscribe", "link_unsubscribe"), UNSUBSCRIBE),
    "spam_complaint": COMPLAINT,
}
_DELIVERY_FAILURES = {"bounce", "out_of_band"}


def split(payload: Any) -> list[Any]:
    """Return the events of a batch; raise ValueError if it is no list."""
    if not isinstance(payload, list):
        raise ValueError("the body is not a list of events")  # noqa: TRY004 - all faults are reported alike
    return payload


def read(given: Any, at: datetime) -> list[MailEvent]:
    """Return what one event means; nothing if it is no failure or wish. Raise ValueError if it is malformed."""
    msys = an_object(an_object(given, "the event").get("msys"), "msys")
    if not msys:
        return []  # SparkPost tests a new endpoint with an empty event
    fields = an_object(next(iter(msys.values())), "the event in msys")
    kind = _MEANINGS.get(kind_of(fields, "type"))
    reason_class = text_of(fields, "bounce_class")
    if kind is None or reason_class in _REPLY_CLASSES:
        return []
    if reason_class == _UNSUBSCRIBE_CLASS:
        kind = UNSUBSCRIBE
    return [_event(fields, kind, reason_class, at)]


def _event(fields: Mapping[str, Any], kind: str, reason_class: str, at: datetime) -> MailEvent:
    said, code = (
        text_of(fields, "raw_reason") or text_of(fields, "reason"),
        text_of(fields, "error_code"),
    )
    hard = text_of(fields, "type") in _DELIVERY_FAILURES and reason_class in _HARD_CLASSES
    token = token_of(part_of(fields, "rcpt_meta")) or envelope_token(text_of(fields, "msg_from"))
    return event(
        kind,
        Named(address_of(fields, "raw_rcpt_to", "rcpt_to"), token),
        moment_of(fields.get("timestamp"), at),
        permanent=kind != BOUNCE or is_permanent(said, code=code, hard=hard),
        words=(code, said),
    )
