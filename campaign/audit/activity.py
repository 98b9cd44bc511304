"""The audit log as people read it: the actions on a record, with amounts as money.

Apart from `audit_log`, because formatting money loads babel, and jobs that only record an action start without it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import list_entries_about
from campaign.audit.details import readable_details
from campaign.models import Campaign


@dataclass(frozen=True)
class LoggedAction:
    """An entry as people read it: `before` and `after` have every value as text, amounts as money."""

    at: datetime
    actor: str
    action: str
    subject_key: str
    before: Mapping[str, str]
    after: Mapping[str, str]


def read_activity(session: Session, kind: str, keys: Sequence[str]) -> list[LoggedAction]:
    """Return what `list_entries_about` finds, as people read it."""
    entries = list_entries_about(session, kind, keys)
    currencies = _currencies(session, {one.campaign_id for one in entries if one.campaign_id})
    return [
        LoggedAction(
            one.at,
            one.actor,
            one.action,
            one.subject_key,
            *readable_details(one.before, one.after, currencies.get(one.campaign_id)),
        )
        for one in entries
    ]


def _currencies(session: Session, campaigns: set[int]) -> dict[int | None, str]:
    """Return the currency of each of these campaigns by id. Most records have no such entry, so ask nothing then."""
    if not campaigns:
        return {}
    found = session.execute(
        select(Campaign.id, Campaign.currency).where(Campaign.id.in_(campaigns))
    )
    return {row.id: row.currency for row in found}
