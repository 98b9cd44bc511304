"""Emails that tell members about sensitive changes to their account or to the installation.

They are made from the activity log, where every such change is recorded in its own transaction, by whichever page or
command it was made. So no path can change a member's access silently, and a notice lost in a crash is made by the next
run: the outbox keeps one per change and recipient.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from campaign.mailer.kinds import EmailKind
from campaign.mailer.queue import NewEmail, queue_email
from campaign.models import AuditEntry, OutboxMessage, StaffMember, StaffRole

LOOKED_BACK = timedelta(days=2)
"""How far back changes are looked for: longer than workers are ever stopped."""

MEMBER: Mapping[str, str] = {
    "staff_member.added": "You were added to the team with the role {role}.",
    "staff_member.role_changed": "Your role was changed to {role}.",
    "staff_member.deactivated": "Your access was taken away.",
    "staff_member.reactivated": "Your access was given back.",
    "staff_member.link_created": "A link was made that signs in to your account once.",
    "staff_member.second_factor_reset": "Your second factor was removed, and you were signed out everywhere.",
    "staff_member.authenticator_set_up": "An authenticator app was set up for your account.",
    "staff_member.authenticator_removed": "The authenticator app of your account was removed.",
    "staff_member.recovery_codes_created": "New recovery codes were made for your account.",
    "staff_member.recovery_code_used": "A recovery code was used to sign in to your account.",
    "staff_member.passkey_added": "A passkey was added to your account.",
    "staff_member.passkey_removed": "A passkey of your account was removed.",
    "staff_member.password_changed": "The password of your account was changed.",
    "staff_member.password_set": "A password was set for your account.",
    "staff_member.password_removed": "The password of your account was removed.",
}
"""What the member concerned is told."""

ADMINS: Mapping[str, str] = {
    "staff_member.added": "{subject} was added to the team with the role {role}.",
    "staff_member.role_changed": "The role of {subject} was changed to {role}.",
    "staff_member.second_factor_reset": "The second factor of {subject} was removed.",
    "api_token.created": "An API token was created: {subject}.",
    "webhook_endpoint.added": "A webhook was added: {subject}.",
    "webhook_endpoint.changed": "A webhook was changed: {subject}.",
    "webhook_endpoint.disabled": "A webhook was disabled: {subject}.",
    "donor.exported": "The data of a donor was exported.",
    "export.created": "A list was exported: {subject}.",
    "backup.created": "A backup was made.",
    "donation.refunded": "A donation was refunded: {subject}.",
}
"""What all admins are told, except the one who did it: that one knows."""

PEOPLE = ("donors", "donations", "subscribers", "receipts", "everything")
"""Exports that hold people; others are not told."""


@dataclass(frozen=True)
class StaffNotice:
    """What an email tells one member: `sentence`, who did it and when."""

    sentence: str
    actor: str
    at: datetime


def queue_notices(session: Session, at: datetime, mail_domain: str, *, refunds_above: int) -> int:
    """Queue what members have not been told yet; return how many emails. `refunds_above`: minor units."""
    entries = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.action.in_([*MEMBER, *ADMINS]), AuditEntry.at > at - LOOKED_BACK)
        .order_by(AuditEntry.id)
    ).all()
    if not entries:
        return 0
    told = _told(session, at)
    admins = session.scalars(
        select(StaffMember).where(StaffMember.active, StaffMember.role == StaffRole.admin.value)
    ).all()
    queued = 0
    for entry in entries:
        if entry.id not in told and _matters(entry, refunds_above):
            for email in _emails(session, entry, admins):
                queued += queue_email(session, email, mail_domain)
    return queued


def _told(session: Session, at: datetime) -> set[int]:
    """Return the changes that were told: all their emails were queued in one transaction."""
    keys = select(OutboxMessage.subject_key).where(
        OutboxMessage.kind == EmailKind.staff_notice,
        OutboxMessage.created_at > at - 2 * LOOKED_BACK,
    )
    return {int(key.partition(":")[0]) for key in session.scalars(keys)}


def _matters(entry: AuditEntry, refunds_above: int) -> bool:
    if entry.action == "donation.refunded":
        return int(entry.after.get("amount") or 0) > refunds_above
    if entry.action == "export.created":
        return entry.subject_key in PEOPLE
    return True


def _emails(
    session: Session, entry: AuditEntry, admins: Sequence[StaffMember]
) -> Iterator[NewEmail]:
    told = set[int]()
    if entry.action in MEMBER:
        same = or_(StaffMember.email == entry.subject_key, _lower(entry.subject_key))
        for member in session.scalars(select(StaffMember).where(same)):
            told.add(member.id)
            yield _email(entry, member, MEMBER[entry.action])
    if entry.action in ADMINS:
        for member in admins:
            known = member.created_at <= entry.at and member.id != entry.staff_id
            if known and member.id not in told:
                yield _email(entry, member, ADMINS[entry.action])


def _lower(address: str) -> Any:
    return func.lower(StaffMember.email) == address.lower()


def _email(entry: AuditEntry, member: StaffMember, words: str) -> NewEmail:
    role = entry.after.get("role", "")
    sentence = words.format(subject=entry.subject_key, role=role)
    return NewEmail(
        kind=EmailKind.staff_notice,
        subject_key=f"{entry.id}:{member.id}",
        recipient=member.email,
        details={"sentence": sentence, "actor": entry.actor, "at": entry.at.isoformat()},
    )


def read_notice(details: Mapping[str, Any]) -> StaffNotice:
    """Read what `queue_notices` saved with the email."""
    return StaffNotice(details["sentence"], details["actor"], datetime.fromisoformat(details["at"]))
