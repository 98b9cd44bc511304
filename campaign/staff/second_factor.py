"""What is asked for after the first factor: an authenticator app's code, a passkey, a recovery code."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, record
from campaign.auth.staff import AUTHENTICATOR, has_authenticator
from campaign.models import StaffMember, StaffPasskey
from campaign.staff.members import end_all_sign_ins, subject


def has_passkey(session: Session, member: StaffMember) -> bool:
    """Whether `member` has any passkey."""
    found = select(StaffPasskey.id).where(StaffPasskey.staff_id == member.id).limit(1)
    return session.scalar(found) is not None


def has_second_factor(session: Session, member: StaffMember) -> bool:
    """Whether more than the first factor is asked for."""
    return has_authenticator(member) or has_passkey(session, member)


def set_authenticator(
    session: Session, member: StaffMember, secret: str, counter: int | None, actor: Actor
) -> None:
    """The app that holds `secret` (encrypted) is the second factor from now on; its code of `counter` is used up."""
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
    """Ask for no app's code any longer; False if none was asked for."""
    if not has_authenticator(member):
        return False
    _forget_authenticator(member)
    record(session, actor, "staff_member.authenticator_removed", subject(member))
    return True


def reset_second_factor(session: Session, member: StaffMember, actor: Actor, at: datetime) -> bool:
    """Forget app, passkeys and recovery codes, and end all sessions; False if there was nothing to forget."""
    passkeys = session.scalars(
        delete(StaffPasskey).where(StaffPasskey.staff_id == member.id).returning(StaffPasskey.name)
    ).all()
    had = bool(passkeys or has_authenticator(member) or member.mf_recovery_codes)
    if not had:
        return False
    before = {"authenticator": has_authenticator(member), "passkeys": sorted(passkeys)}
    _forget_authenticator(member)
    member.mf_recovery_codes = None
    end_all_sign_ins(session, member, at)
    record(session, actor, "staff_member.second_factor_reset", subject(member), before=before)
    return True


def _forget_authenticator(member: StaffMember) -> None:
    member.tf_primary_method = member.tf_totp_secret = member.tf_totp_counter = None


def note_recovery_codes(session: Session, member: StaffMember, actor: Actor) -> None:
    """New recovery codes stand in place of the old ones."""
    record(session, actor, "staff_member.recovery_codes_created", subject(member))


def note_recovery_code_used(session: Session, member: StaffMember, actor: Actor) -> None:
    """One of them was taken."""
    left = {"left": len(member.mf_recovery_codes or ())}
    record(session, actor, "staff_member.recovery_code_used", subject(member), after=left)
