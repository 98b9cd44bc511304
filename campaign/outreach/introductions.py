"""The first email of a campaign to a reader introduces it, whichever step it is.

Someone who joins the list late, or who slept through the opening of a short campaign, would otherwise read "3 days
left" of something they never heard about.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, case, cast, exists, func, literal
from sqlalchemy.dialects.postgresql import JSONB

from campaign.mailer.kinds import EmailKind
from campaign.models import Campaign, OutboxMessage


def details(
    campaign: Campaign, kind: EmailKind, address: ColumnElement[str]
) -> ColumnElement[dict[str, Any]]:
    """Return the `details` of an email to `address`, in lower case: whether it is the first of the campaign there."""
    nothing = cast(literal("{}"), JSONB)
    if kind != EmailKind.appeal:
        return nothing
    emailed = exists().where(
        OutboxMessage.campaign_id == campaign.id,
        OutboxMessage.kind.in_([EmailKind.appeal, EmailKind.extension]),
        OutboxMessage.begun_at.is_not(None),
        func.lower(OutboxMessage.recipient) == address,
    )
    first = cast(literal('{"first": true}'), JSONB)
    return case((emailed, nothing), else_=first)


def is_first(details: Mapping[str, Any]) -> bool:
    """Whether an email with these details is the reader's first of its campaign."""
    return bool(details.get("first"))
