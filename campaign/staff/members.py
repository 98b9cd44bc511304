"""The team: who belongs to it, and with which role. Commands and the staff's views call this; changes are audited."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.auth.links import revoke_links
from campaign.auth.policies import STAFF
from campaign.auth.sessions import end_sessions
from campaign.core.csv_lists import read_address
from campaign.core.errors import StaffRefused
from campaign.models import StaffMember, StaffRole

LONGEST_NAME = 100


@dataclass(frozen=True)
class Added:
    """What came of adding someone: what was new about them."""

    member: StaffMember
    new: bool
    previous_role: StaffRole | None = None
    reactivated: bool = False


def subject(member: StaffMember) -> Subject:
    """A member, as the audit log names one."""
    return Subject("staff_member", member.email)


def find_member(session: Session, email: str) -> StaffMember | None:
    """The member with this address, in whatever case, active or not."""
    return session.scalar(
        select(StaffMember).where(func.lower(StaffMember.email) == email.strip().lower())
    )


def get_member(session: Session, email: str) -> StaffMember:
    """The same; raises StaffRefused where there is none."""
    member = find_member(session, email)
    if member is None:
        raise StaffRefused(f"{email} is not on the team; `campaign staff list` names who is.")
    return member


def list_members(session: Session) -> Sequence[StaffMember]:
    """Everyone, those who are active first, by address."""
    return session.scalars(
        select(StaffMember).order_by(StaffMember.active.desc(), func.lower(StaffMember.email))
    ).all()


def add_member(
    session: Session, email: str, role: StaffRole, actor: Actor, at: datetime, *, name: str = ""
) -> Added:
    """Someone new with `role`. Someone known gets the role and the name, if they differ, and may enter again."""
    address = read_staff_address(email)
    known = find_member(session, address)
    if known is not None:
        return _take_back(session, known, role, actor, at, name)
    member = StaffMember(
        email=address,
        name=read_name(name),
        role=role.value,
        active=True,
        fs_uniquifier=secrets.token_hex(16),
    )
    session.add(member)
    session.flush()
    record(session, actor, "staff_member.added", subject(member), after={"role": role.value})
    return Added(member, new=True)


def _take_back(
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
    """Call `member` `name`."""
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
    """Give `member` another role, and end their sessions; False if they have it. StaffRefused: the last admin."""
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
    """Let `member` in no longer, at once; False if it was so. Raises StaffRefused for the last admin."""
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
    """Let `member` in again; False if they may come in."""
    if member.active:
        return False
    member.active = True
    after = {"role": member.role}
    record(session, actor, "staff_member.reactivated", subject(member), after=after)
    return True


def end_all_sign_ins(session: Session, member: StaffMember, at: datetime) -> None:
    """End the sessions of `member`, and the sign-ins that are under way."""
    end_sessions(session, STAFF, member, at)
    member.fs_uniquifier = secrets.token_hex(16)


def _require_another_admin(session: Session, member: StaffMember) -> None:
    """All admins are locked in one order, so that two of them cannot remove each other at once."""
    admins = session.scalars(
        select(StaffMember.id)
        .where(StaffMember.role == StaffRole.admin.value, StaffMember.active)
        .order_by(StaffMember.id)
        .with_for_update()
    ).all()
    if member.active and not set(admins) - {member.id}:
        raise StaffRefused(
            f"{member.email} is the last admin; make someone else an admin first, so that the team can be managed."
        )


def read_name(text: str) -> str:
    """A person's name on one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST_NAME]


def read_staff_address(text: str) -> str:
    """An address as it is kept; raises StaffRefused."""
    try:
        return read_address(text)
    except ValueError as error:
        raise StaffRefused(str(error)) from None
