"""The second factor: authenticator app, passkeys, recovery codes."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, record
from campaign.auth.staff import AUTHENTICATOR, has_authenticator
from campaign.models import StaffMember, StaffPasskey
from campaign.staff.members import end_all_sign_ins, subject


def has_passkey(session: Session, member: StaffMember) -> bool:
    """Return whether `member` has any passkey."""
    found = select(StaffPasskey.id).where(StaffPasskey.staff_id == member.id).limit(1)
    return session.scalar(found) is not None


def has_second_factor(session: Session, member: StaffMember) -> bool:
    """Return whether `member` needs a second factor to sign in."""
    return has_authenticator(member) or has_passkey(session, member)


def set_authenticator(
    session: Session, member: StaffMember, secret: str, counter: int | None, actor: Actor
) -> None:
    """Set the app with `secret` (encrypted) as the second factor. Its code of `counter` counts as used."""
    replaced = has_authenticator(member)
    member.tf_primary_method, member.tf_totp_secret = AUTHENTICATOR, secret
    member.tf_totp_counter = counter
    record(
        session,
        actor,
        "staff_member.authenticator_set_up",
        subject(member),
        after={"replaced": replaced},
    )


def remove_authenticator(session: Session, member: StaffMember, actor: Actor) -> bool:
    """Remove the authenticator app; returns False if there was none."""
    if not has_authenticator(member):
        return False
    _clear_authenticator(member)
    record(session, actor, "staff_member.authenticator_removed", subject(member))
    return True


def reset_second_factor(session: Session, member: StaffMember, actor: Actor, at: datetime) -> bool:
    """Remove app, passkeys and recovery codes, and end all sessions; returns False if there were none."""
    passkeys = session.scalars(
        delete(StaffPasskey).where(StaffPasskey.staff_id == member.id).returning(StaffPasskey.name)
    ).all()
    had = bool(passkeys or has_authenticator(member) or member.mf_recovery_codes)
    if not had:
        return False
    before = {"authenticator": has_authenticator(member), "passkeys": sorted(passkeys)}
    _clear_authenticator(member)
    member.mf_recovery_codes = None
    end_all_sign_ins(session, member, at)
    record(session, actor, "staff_member.second_factor_reset", subject(member), before=before)
    return True


def _clear_authenticator(member: StaffMember) -> None:
    member.tf_primary_method = member.tf_totp_secret = member.tf_totp_counter = None


def note_recovery_codes(session: Session, member: StaffMember, actor: Actor) -> None:
    """Record that new recovery codes replaced the old ones."""
    record(session, actor, "staff_member.recovery_codes_created", subject(member))


def note_recovery_code_used(session: Session, member: StaffMember, actor: Actor) -> None:
    """Record that a recovery code was used."""
    left = {"left": len(member.mf_recovery_codes or ())}
    record(session, actor, "staff_member.recovery_code_used", subject(member), after=left)
