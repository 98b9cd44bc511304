"""Amazon SES: notifications and published events, as they arrive in the message of an SNS notification.

https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from collections.abc import Iterator, Mapping
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
    rows_of,
    text_of,
    token_of,
)

_SUPPRESSED = {"Suppressed", "OnAccountSuppressionList"}
"""SES did not try, because the address bounced or complained before."""
_NO_COMPLAINTS = {"not-spam", "auth-failure", "virus"}
"""Feedback types (RFC 5965) that are no wish of the reader."""


def split(payload: Any) -> list[Any]:
    """Return the one event of a notification."""
    return [payload]


def read(given: Any, at: datetime) -> list[MailEvent]:
    """Return what one event means; nothing if it is no failure or wish. Raise ValueError if it is malformed."""
    fields = an_object(given, "the notification")
    kind = kind_of(fields, "notificationType", "eventType")
    reader = _READERS.get(kind)
    if reader is None:
        return []
    mail = an_object(fields.get("mail"), "mail")
    named = Named(token=_token(mail), message_id=_message_id(mail))
    return list(reader(fields, named, at))


def _token(mail: Mapping[str, Any]) -> str:
    """Return our token from the tags or from `source`, which is the envelope sender."""
    return token_of(part_of(mail, "tags")) or envelope_token(text_of(mail, "source"))


def _message_id(mail: Mapping[str, Any]) -> str:
    """Return our Message-ID. SES sends another one; ours is in the original headers, if they are included."""
    common = text_of(part_of(mail, "commonHeaders"), "messageId")
    if common:
        return common
    for row in rows_of(mail, "headers"):
        if isinstance(row, Mapping) and text_of(row, "name").lower() == "message-id":
            return text_of(row, "value")
    return ""


def _bounces(fields: Mapping[str, Any], named: Named, at: datetime) -> Iterator[MailEvent]:
    bounce = an_object(fields.get("bounce"), "bounce")
    subtype, when = text_of(bounce, "bounceSubType"), moment_of(bounce.get("timestamp"), at)
    hard = kind_of(bounce, "bounceType") == "Permanent"
    for row in _recipients(bounce, "bouncedRecipients"):
        who, said = _recipient(named, row), text_of(row, "diagnosticCode")
        if subtype == "UnsubscribedRecipient":
            yield event(UNSUBSCRIBE, who, when)
            continue
        status = text_of(row, "status")
        permanent = hard and (
            subtype in _SUPPRESSED or is_permanent(said, status=status, hard=hard)
        )
        yield event(BOUNCE, who, when, permanent=permanent, words=(subtype, status, said))


def _complaints(fields: Mapping[str, Any], named: Named, at: datetime) -> Iterator[MailEvent]:
    complaint = an_object(fields.get("complaint"), "complaint")
    kind = text_of(complaint, "complaintFeedbackType")
    if kind in _NO_COMPLAINTS:
        return
    when = moment_of(complaint.get("timestamp"), at)
    for row in _recipients(complaint, "complainedRecipients"):
        yield event(COMPLAINT, _recipient(named, row), when, words=(kind,))


def _delays(fields: Mapping[str, Any], named: Named, at: datetime) -> Iterator[MailEvent]:
    delay = an_object(fields.get("deliveryDelay"), "deliveryDelay")
    when, kind = moment_of(delay.get("timestamp"), at), text_of(delay, "delayType")
    for row in _recipients(delay, "delayedRecipients"):
        words = (kind, text_of(row, "diagnosticCode"))
        yield event(BOUNCE, _recipient(named, row), when, permanent=False, words=words)


def _rejects(fields: Mapping[str, Any], named: Named, at: datetime) -> Iterator[MailEvent]:
    """SES refused to send our message: that is about us."""
    words = ("SES rejected the message:", text_of(part_of(fields, "reject"), "reason"))
    if any(named):
        yield event(BOUNCE, named, at, permanent=False, words=words)


def _subscriptions(fields: Mapping[str, Any], named: Named, at: datetime) -> Iterator[MailEvent]:
    """The reader changed what they get from a contact list of SES."""
    change = part_of(fields, "subscription")
    if part_of(change, "newTopicPreferences").get("unsubscribeAll") is True:
        yield event(UNSUBSCRIBE, named, moment_of(change.get("timestamp"), at))


def _recipient(named: Named, row: Mapping[str, Any]) -> Named:
    return named._replace(email=address_of(row, "emailAddress"))


def _recipients(part: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = rows_of(part, name)
    if not rows:
        raise ValueError(f"{name} is empty")
    return [an_object(row, f"a row of {name}") for row in rows]


_READERS = {
    "Bounce": _bounces,
    "Complaint": _complaints,
    "DeliveryDelay": _delays,
    "Reject": _rejects,
    "Subscription": _subscriptions,
}
