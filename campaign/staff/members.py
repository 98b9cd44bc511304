"""The team: its members and their roles. For commands and staff views; every change is in the audit log."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.auth.links import revoke_links
from campaign.auth.policies import STAFF
from campaign.auth.sessions import end_sessions
from campaign.core.csv_lists import read_address
from campaign.core.errors import StaffRefused
from campaign.core.normal_forms.mailboxes import lookup_form
from campaign.models import StaffMember, StaffRole

LONGEST_NAME = 100


@dataclass(frozen=True)
class Added:
    """The result of adding a member: what changed."""

    member: StaffMember
    new: bool
    previous_role: StaffRole | None = None
    reactivated: bool = False


def subject(member: StaffMember) -> Subject:
    """Return the member's name in the audit log."""
    return Subject("staff_member", member.email)


def find_member(session: Session, email: str) -> StaffMember | None:
    """Return the member with this email in any spelling, active or not; None if there is none."""
    return session.scalar(
        select(StaffMember).where(func.lower(StaffMember.email) == lookup_form(email))
    )


def get_member(session: Session, email: str) -> StaffMember:
    """Return the member with this email, active or not; raises StaffRefused if there is none."""
    member = find_member(session, email)
    if member is None:
        raise StaffRefused(f"{email} is not on the team. See `campaign staff list`.")
    return member


def list_members(session: Session) -> Sequence[StaffMember]:
    """Return all members, active ones first, by email."""
    return session.scalars(
        select(StaffMember).order_by(StaffMember.active.desc(), func.lower(StaffMember.email))
    ).all()


def add_member(
    session: Session, email: str, role: StaffRole, actor: Actor, at: datetime, *, name: str = ""
) -> Added:
    """Add a member with `role`. An existing member gets the role and the name, and is reactivated.

    Raises StaffRefused for an invalid email, or if the last admin would lose the role.
    """
    address = read_staff_address(email)
    known = find_member(session, address)
    if known is not None:
        return _update(session, known, role, actor, at, name)
    member = StaffMember(
        email=address,
        name=read_name(name),
        role=role.value,
        active=True,
        fs_uniquifier=secrets.token_hex(16),
    )
    try:
        with session.begin_nested():
            session.add(member)
    except IntegrityError:
        # Somebody else added the same address at the same moment.
        return _update(session, get_member(session, address), role, actor, at, name)
    record(session, actor, "staff_member.added", subject(member), after={"role": role.value})
    return Added(member, new=True)


def _update(
    session: Session, member: StaffMember, role: StaffRole, actor: Actor, at: datetime, name: str
) -> Added:
    previous = StaffRole(member.role)
    if name and read_name(name) != member.name:
        rename(session, member, name, actor)
    reactivated = reactivate(session, member, actor)
    if previous != role:
        change_role(session, member, role, actor, at)
    return Added(
        member,
        new=False,
        previous_role=previous if previous != role else None,
        reactivated=reactivated,
    )


def rename(session: Session, member: StaffMember, name: str, actor: Actor) -> None:
    """Change the name of `member`."""
    wanted = read_name(name)
    if wanted == member.name:
        return
    before = {"name": member.name}
    member.name = wanted
    record(
        session,
        actor,
        "staff_member.renamed",
        subject(member),
        before=before,
        after={"name": wanted},
    )


def change_role(
    session: Session, member: StaffMember, role: StaffRole, actor: Actor, at: datetime
) -> bool:
    """Change the role of `member` and end their sessions; returns False if they already have it.

    Raises StaffRefused for the last admin.
    """
    if member.role == role:
        return False
    if member.role == StaffRole.admin:
        _require_another_admin(session, member)
    before = {"role": member.role}
    member.role = role.value
    end_all_sign_ins(session, member, at)
    record(
        session,
        actor,
        "staff_member.role_changed",
        subject(member),
        before=before,
        after={"role": role.value},
    )
    return True


def deactivate(session: Session, member: StaffMember, actor: Actor, at: datetime) -> bool:
    """Deactivate `member`: end their sessions and revoke their links; returns False if already inactive.

    Raises StaffRefused for the last admin.
    """
    if not member.active:
        return False
    if member.role == StaffRole.admin:
        _require_another_admin(session, member)
    member.active = False
    end_all_sign_ins(session, member, at)
    revoke_links(session, STAFF, member, at)
    record(session, actor, "staff_member.deactivated", subject(member))
    return True


def reactivate(session: Session, member: StaffMember, actor: Actor) -> bool:
    """Reactivate `member`; returns False if they are active."""
    if member.active:
        return False
    member.active = True
    after = {"role": member.role}
    record(session, actor, "staff_member.reactivated", subject(member), after=after)
    return True


def end_all_sign_ins(session: Session, member: StaffMember, at: datetime) -> None:
    """End all sessions and pending sign-ins of `member`."""
    end_sessions(session, STAFF, member, at)
    member.fs_uniquifier = secrets.token_hex(16)


def _require_another_admin(session: Session, member: StaffMember) -> None:
    """Lock all admins in one order, so that two of them cannot remove each other at the same time."""
    admins = session.scalars(
        select(StaffMember.id)
        .where(StaffMember.role == StaffRole.admin.value, StaffMember.active)
        .order_by(StaffMember.id)
        .with_for_update()
    ).all()
    if member.active and not set(admins) - {member.id}:
        raise StaffRefused(f"{member.email} is the last admin. Make someone else an admin first.")


def read_name(text: str) -> str:
    """Return a person's name on one line, without control characters, cut to LONGEST_NAME."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST_NAME]


def read_staff_address(text: str) -> str:
    """Return an email address as it is stored; raises StaffRefused."""
    try:
        return read_address(text)
    except ValueError as error:
        raise StaffRefused(str(error)) from None
