"""Passkeys (WebAuthn): kept, found, removed. What proves that one is real is checked at the web's edge."""

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
    """What a browser showed, verified. `synced`: its maker keeps a copy of it elsewhere."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: Sequence[str]
    device_type: str
    synced: bool


def user_handle(member: StaffMember) -> bytes:
    """What passkeys call `member`: random, so that it tells nothing. Made when first needed."""
    if not member.fs_webauthn_user_handle:
        member.fs_webauthn_user_handle = secrets.token_hex(32)
    return member.fs_webauthn_user_handle.encode()


def list_passkeys(session: Session, member: StaffMember) -> Sequence[StaffPasskey]:
    """Those of `member`, the oldest first."""
    return session.scalars(
        select(StaffPasskey).where(StaffPasskey.staff_id == member.id).order_by(StaffPasskey.id)
    ).all()


def find_passkey(session: Session, credential_id: bytes) -> StaffPasskey | None:
    """The passkey with this id, whoever's, locked until the commit: each use counts."""
    return session.scalar(
        select(StaffPasskey).where(StaffPasskey.credential_id == credential_id).with_for_update()
    )


def add_passkey(
    session: Session, member: StaffMember, name: str, new: NewPasskey, actor: Actor, at: datetime
) -> StaffPasskey:
    """A further passkey of `member`; the same one again changes nothing. Raises StaffRefused."""
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
        raise StaffRefused(f"You have {MOST} passkeys; remove one that you no longer use.")
    wanted = read_name(name) or "Passkey"
    names = [wanted, *(f"{wanted} {number}" for number in range(2, MOST + 2))]
    return next(one for one in names if one not in taken)


def note_use(passkey: StaffPasskey, sign_count: int, at: datetime) -> None:
    """It was just used."""
    passkey.sign_count, passkey.lastuse_datetime = sign_count, at


def remove_passkey(session: Session, member: StaffMember, passkey_id: int, actor: Actor) -> bool:
    """Forget one passkey of `member`; False if there is none of this id."""
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
