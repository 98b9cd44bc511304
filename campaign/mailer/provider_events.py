"""Apply the bounces, complaints and unsubscribes that a mail provider reports, and read those in our own format.

`mailer.providers` reads the formats of the providers themselves. The provider authenticates with a secret or a
signature, so an event may identify a recipient by address alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaign.core.csv_lists import read_address
from campaign.mailer.bounces import find_message, record_bounce, record_complaint
from campaign.mailer.suppressions import suppress
from campaign.models import SuppressionReason

BOUNCE, COMPLAINT, UNSUBSCRIBE = "bounce", "complaint", "unsubscribe"


@dataclass(frozen=True)
class MailEvent:
    """A bounce, permanent or temporary, a spam complaint, or an unsubscribe.

    `token`, `message_id` and `email` identify the message or its recipient. At least one is set; the others are ''.
    """

    type: str
    permanent: bool
    email: str
    message_id: str
    token: str
    occurred_at: datetime
    detail: str


def read_event(given: Any, at: datetime) -> MailEvent:
    """Return the event that one object of the list describes. Raise ValueError with the reason if it is invalid."""
    if not isinstance(given, Mapping):
        raise ValueError("it is not an object")  # noqa: TRY004 - all faults of an event are reported alike
    # Not a set: the value may be a list, which is not hashable.
    if given.get("type") not in (BOUNCE, COMPLAINT):
        raise ValueError(f"type must be {BOUNCE} or {COMPLAINT}")
    permanent = _permanent(given)
    email, message_id, token = (_text(given, name) for name in ("email", "message_id", "token"))
    if not (email or message_id or token):
        raise ValueError("it needs an email, message_id or token")
    return MailEvent(
        type=given["type"],
        permanent=permanent,
        email=read_address(email) if email else "",
        message_id=message_id,
        token=token,
        occurred_at=_moment(given, at),
        detail=_text(given, "detail"),
    )


def _permanent(given: Mapping[str, Any]) -> bool:
    """Return whether the event is permanent. A bounce must say so; a complaint is permanent by default."""
    permanent = given.get("permanent", True if given["type"] == COMPLAINT else None)
    if not isinstance(permanent, bool):
        raise ValueError("permanent must be true or false")  # noqa: TRY004 - as above
    return permanent


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name) or ""
    if not isinstance(value, str) or len(value) > 2000 or "\0" in value:
        raise ValueError(f"{name} must be text of at most 2,000 characters")
    # On one line, and without lone surrogates, which JSON allows and PostgreSQL cannot store.
    return " ".join(value.encode("utf-8", "replace").decode().split())


def _moment(given: Mapping[str, Any], at: datetime) -> datetime:
    written = given.get("occurred_at")
    if written is None:
        return at
    try:
        moment = datetime.fromisoformat(written)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError("occurred_at must be a time with an offset, in RFC 3339 format")
    return moment


def apply_event(session: Session, event: MailEvent) -> bool:
    """Apply the event; repeating it is safe. Return False if it identifies no message and no address."""
    message = find_message(
        session,
        [event.token] if event.token else [],
        [bracketed(event.message_id)] if event.message_id else [],
    )
    if message is None:
        _suppress(session, event)
        return bool(event.email)
    if event.type == COMPLAINT:
        record_complaint(session, message, detail=event.detail, at=event.occurred_at)
    elif event.type == UNSUBSCRIBE:
        if message.recipient:
            suppress(session, message.recipient, SuppressionReason.unsubscribed)
    else:
        record_bounce(
            session,
            message,
            permanent=event.permanent,
            detail=event.detail,
            at=event.occurred_at,
        )
    return True


def bracketed(message_id: str) -> str:
    """Return a Message-ID as our messages carry it: some providers report it without its angle brackets."""
    return f"<{message_id.strip().removeprefix('<').removesuffix('>')}>"


_REASONS = {
    BOUNCE: SuppressionReason.bounced,
    COMPLAINT: SuppressionReason.complained,
    UNSUBSCRIBE: SuppressionReason.unsubscribed,
}


def _suppress(session: Session, event: MailEvent) -> None:
    """Suppress by address if the event identifies none of our messages."""
    if event.email and (event.permanent or event.type != BOUNCE):
        suppress(session, event.email, _REASONS[event.type], detail=event.detail[:500])
