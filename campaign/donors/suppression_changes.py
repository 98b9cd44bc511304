"""Staff undo suppressions: one with a reason, or all that mail servers' refusals made since a moment.

The audit log keeps no full address, because erasing a person does not reach it.
"""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.core.errors import NotFound, SuppressionChangeRefused
from campaign.core.input_limits import LARGEST_KEY
from campaign.donors.masking import masked_email
from campaign.donors.subscriber_changes import read_remark
from campaign.donors.suppression_list import SuppressionEntry, load_suppressions
from campaign.mailer.suppressions import (
    count_refused,
    list_refused,
    remove_refused,
    take_back_refusal,
)
from campaign.models import Suppression, SuppressionReason

NO_REASON = "Enter a reason. The activity log keeps it."


def get_suppression(session: Session, suppression_id: int) -> SuppressionEntry:
    """Return the entry. Raises NotFound."""
    found = load_suppressions(session, [suppression_id]) if suppression_id <= LARGEST_KEY else []
    if not found:
        raise NotFound("This address is not on the list any more, or never was.")
    return found[0]


def undo_suppression(
    session: Session, suppression_id: int, reason: str, actor: audit_log.Actor
) -> SuppressionEntry:
    """Allow campaign emails to the address again; return the entry that was removed.

    Other entries of the address remain. Emails that were dropped because of a refusal can be sent again. Raises
    NotFound, or SuppressionChangeRefused without a reason.
    """
    reason = read_remark(reason, "reason")
    if not reason:
        raise SuppressionChangeRefused(NO_REASON)
    session.scalar(select(Suppression.id).where(Suppression.id == suppression_id).with_for_update())
    entry = get_suppression(session, suppression_id)
    if entry.reason == SuppressionReason.refused:
        take_back_refusal(session, suppression_id)
    else:
        session.execute(delete(Suppression).where(Suppression.id == suppression_id))
    audit_log.record(
        session,
        actor,
        "suppression.removed",
        audit_log.Subject("suppression", masked_email(entry.email)),
        before={"suppressed": entry.reason, "campaign": entry.campaign or "all"},
        after={"reason": reason},
    )
    return entry


def undo_refused(
    session: Session, since: datetime, expected: int, reason: str, actor: audit_log.Actor
) -> int:
    """Remove all suppressions by refusals since then; return how many there were.

    Raises SuppressionChangeRefused without a reason, or if there are not as many as `expected`, which staff have seen.
    """
    reason = read_remark(reason, "reason")
    if not reason:
        raise SuppressionChangeRefused(NO_REASON)
    number = remove_refused(session, since)
    if number != expected:
        raise SuppressionChangeRefused(
            f"There are {number:,} now, not {expected:,}. Check the number and confirm again.",
            "number",
        )
    audit_log.record(
        session,
        actor,
        "suppressions.removed",
        audit_log.Subject("suppressions", "refused"),
        after={"since": since.isoformat(timespec="minutes"), "number": number, "reason": reason},
    )
    return number


def preview_refused(session: Session, since: datetime, limit: int) -> tuple[int, list[str]]:
    """Return how many suppressions `undo_refused` would remove, and the newest `limit` of their addresses."""
    newest = [one.email for one in list_refused(session, since, limit)]
    return count_refused(session, since), newest
