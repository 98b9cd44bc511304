"""Passkeys (WebAuthn): save, find, remove. The web layer verifies the browser's responses."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, record
from campaign.core.errors import StaffRefused
from campaign.models import StaffMember, StaffPasskey
from campaign.staff.members import read_name, subject

MOST = 20


@dataclass(frozen=True)
class NewPasskey:
    """A verified new passkey. `synced`: its provider backs it up or syncs it to other devices."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: Sequence[str]
    device_type: str
    synced: bool


def user_handle(member: StaffMember) -> bytes:
    """Return the id of `member` in passkeys: random, so it reveals nothing. Created on first use."""
    if not member.fs_webauthn_user_handle:
        member.fs_webauthn_user_handle = secrets.token_hex(32)
    return member.fs_webauthn_user_handle.encode()


def list_passkeys(session: Session, member: StaffMember) -> Sequence[StaffPasskey]:
    """Return the passkeys of `member`, oldest first."""
    return session.scalars(
        select(StaffPasskey).where(StaffPasskey.staff_id == member.id).order_by(StaffPasskey.id)
    ).all()


def find_passkey(session: Session, credential_id: bytes) -> StaffPasskey | None:
    """Return the passkey with this id, of any member, or None. Locked until the commit, so that each use counts."""
    return session.scalar(
        select(StaffPasskey).where(StaffPasskey.credential_id == credential_id).with_for_update()
    )


def add_passkey(
    session: Session, member: StaffMember, name: str, new: NewPasskey, actor: Actor, at: datetime
) -> StaffPasskey:
    """Save a new passkey of `member`; the same one again changes nothing. Raises StaffRefused."""
    known = find_passkey(session, new.credential_id)
    if known is not None:
        if known.staff_id != member.id:
            raise StaffRefused("This passkey belongs to someone else.")
        return known
    called = _free_name(session, member, name)
    passkey = StaffPasskey(
        staff_id=member.id,
        credential_id=new.credential_id,
        public_key=new.public_key,
        sign_count=new.sign_count,
        transports=list(new.transports),
        backup_state=new.synced,
        device_type=new.device_type,
        name=called,
        usage="first",
        create_datetime=at,
        lastuse_datetime=at,
    )
    session.add(passkey)
    session.flush()
    record(session, actor, "staff_member.passkey_added", subject(member), after={"passkey": called})
    return passkey


def _free_name(session: Session, member: StaffMember, name: str) -> str:
    taken = {one.name for one in list_passkeys(session, member)}
    if len(taken) >= MOST:
        raise StaffRefused(
            f"You have {MOST} passkeys, which is the limit. Remove one that you no longer use first."
        )
    wanted = read_name(name) or "Passkey"
    names = [wanted, *(f"{wanted} {number}" for number in range(2, MOST + 2))]
    return next(one for one in names if one not in taken)


def note_use(passkey: StaffPasskey, sign_count: int, at: datetime) -> None:
    """Record a use of the passkey."""
    passkey.sign_count, passkey.lastuse_datetime = sign_count, at


def remove_passkey(session: Session, member: StaffMember, passkey_id: int, actor: Actor) -> bool:
    """Remove one passkey of `member`; returns False if there is none with this id."""
    passkey = session.scalar(
        select(StaffPasskey).where(
            StaffPasskey.id == passkey_id, StaffPasskey.staff_id == member.id
        )
    )
    if passkey is None:
        return False
    session.delete(passkey)
    session.flush()
    record(
        session,
        actor,
        "staff_member.passkey_removed",
        subject(member),
        before={"passkey": passkey.name},
    )
    return True
