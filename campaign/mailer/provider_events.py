"""What a mail provider reports about our letters: bounces and complaints, read and applied.

The one who reports is known by a secret, so an event may name an address alone.
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

BOUNCE, COMPLAINT = "bounce", "complaint"


@dataclass(frozen=True)
class MailEvent:
    """A letter that came back, for good or not, or that its reader called spam.

    `token`, `message_id` and `email` name the letter or its reader; at least one is given, the others are ''.
    """

    type: str
    permanent: bool
    email: str
    message_id: str
    token: str
    occurred_at: datetime
    detail: str


def read_event(given: Any, at: datetime) -> MailEvent:
    """The event that one object of the list tells; raises ValueError with what is wrong with it."""
    if not isinstance(given, Mapping):
        raise ValueError("it is no object")  # noqa: TRY004 - every fault of an event is told alike
    # No set: what is given may be a list, which cannot be looked up in one.
    if given.get("type") not in (BOUNCE, COMPLAINT):
        raise ValueError(f"type must be {BOUNCE} or {COMPLAINT}")
    permanent = _permanent(given)
    email, message_id, token = (_text(given, name) for name in ("email", "message_id", "token"))
    if not (email or message_id or token):
        raise ValueError("it names neither email, message_id nor token")
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
    """A bounce must say whether it is for good; a complaint is, where it does not say."""
    permanent = given.get("permanent", True if given["type"] == COMPLAINT else None)
    if not isinstance(permanent, bool):
        raise ValueError("permanent must say true or false")  # noqa: TRY004 - as above
    return permanent


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name) or ""
    if not isinstance(value, str) or len(value) > 2000 or "\0" in value:
        raise ValueError(f"{name} must be a text of at most 2,000 characters")
    # On one line, and without the halves of characters that JSON can name and PostgreSQL cannot hold.
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
        raise ValueError("occurred_at must be an instant with its offset, as RFC 3339 has it")
    return moment


def apply_event(session: Session, event: MailEvent) -> bool:
    """Apply it, any number of times; False where it names nobody that we know by these names."""
    message = find_message(
        session,
        [event.token] if event.token else [],
        [event.message_id] if event.message_id else [],
    )
    if message is None:
        _suppress(session, event)
        return bool(event.email)
    if event.type == COMPLAINT:
        record_complaint(session, message, detail=event.detail, at=event.occurred_at)
    else:
        record_bounce(
            session,
            message,
            permanent=event.permanent,
            detail=event.detail,
            at=event.occurred_at,
        )
    return True


def _suppress(session: Session, event: MailEvent) -> None:
    """By the address alone, where no message of ours is named."""
    complained = event.type == COMPLAINT
    if event.email and (complained or event.permanent):
        reason = SuppressionReason.complained if complained else SuppressionReason.bounced
        suppress(session, event.email, reason, detail=event.detail[:500])
