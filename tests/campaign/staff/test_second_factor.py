"""The second factor: when it is required, and what remains after a reset."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.auth.staff import Browser, begin_staff_session, find_staff_session
from campaign.core.clock import now
from campaign.models import AuditEntry, StaffMember, StaffPasskey, StaffRole
from campaign.runtime.context import Installation
from campaign.staff.second_factor import (
    has_passkey,
    has_second_factor,
    note_recovery_code_used,
    note_recovery_codes,
    remove_authenticator,
    reset_second_factor,
    set_authenticator,
)
from tests.support.staff import add_staff

ADA = Actor("ada@harbor-ledger.example", StaffRole.admin)


@pytest.fixture
def ana(installation: Installation) -> int:
    return add_staff(installation, StaffRole.viewer, "ana@example.org")[0].id


def passkey(member_id: int, name: str) -> StaffPasskey:
    return StaffPasskey(
        staff_id=member_id,
        credential_id=f"{member_id} {name}".encode(),
        public_key=b"public",
        name=name,
        backup_state=False,
        device_type="single_device",
        usage="first",
    )


def audited(session: Session) -> list[AuditEntry]:
    return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))[1:]


def test_an_unconfirmed_app_or_another_members_passkey_is_no_second_factor(
    installation: Installation, ana: int
) -> None:
    other = add_staff(installation, StaffRole.viewer, "bea@example.org")[0].id
    with installation.sessions() as session:
        member = session.get_one(StaffMember, ana)
        session.add(passkey(other, "Phone"))
        member.tf_totp_secret = "begun"
        session.flush()
        assert not has_second_factor(session, member)
        session.add(passkey(ana, "Phone"))
        session.flush()
        assert has_passkey(session, member)
        assert has_second_factor(session, member)


def test_a_new_app_replaces_the_old_one_and_is_logged(installation: Installation, ana: int) -> None:
    with installation.sessions() as session:
        member = session.get_one(StaffMember, ana)
        set_authenticator(session, member, "first", 5, ADA)
        assert has_second_factor(session, member)
        assert member.tf_totp_counter == 5
        set_authenticator(session, member, "second", None, ADA)
        # The old app's last code is irrelevant for the new app.
        assert (member.tf_totp_secret, member.tf_totp_counter) == ("second", None)
        assert [one.after for one in audited(session)] == [{"replaced": False}, {"replaced": True}]
        assert remove_authenticator(session, member, ADA)
        assert not remove_authenticator(session, member, ADA)
        assert not has_second_factor(session, member)
        assert len(audited(session)) == 3


def test_a_reset_removes_everything_and_ends_the_sessions_of_that_member(
    installation: Installation, ana: int
) -> None:
    other = add_staff(installation, StaffRole.viewer, "bea@example.org")[0].id
    with installation.sessions() as session:
        member, at = session.get_one(StaffMember, ana), now()
        secret = begin_staff_session(session, member, "link", Browser("Firefox", "192.0.2.1"), at)
        set_authenticator(session, member, "secret", 5, ADA)
        member.mf_recovery_codes = ["one", "two"]
        session.add_all([passkey(ana, "b"), passkey(ana, "a"), passkey(other, "c")])
        session.flush()
        assert reset_second_factor(session, member, ADA, at)
        session.flush()
        assert (member.tf_primary_method, member.tf_totp_secret, member.tf_totp_counter) == (
            None,
        ) * 3
        assert member.mf_recovery_codes is None
        assert session.scalars(select(StaffPasskey.name)).all() == ["c"]
        assert find_staff_session(session, secret, at) is None
        assert audited(session)[-1].before == {"authenticator": True, "passkeys": ["a", "b"]}
        count = len(audited(session))
        assert not reset_second_factor(session, member, ADA, at)
        assert len(audited(session)) == count


def test_recovery_codes_alone_can_be_reset(installation: Installation, ana: int) -> None:
    with installation.sessions() as session:
        member = session.get_one(StaffMember, ana)
        note_recovery_codes(session, member, ADA)
        member.mf_recovery_codes = ["one", "two"]
        note_recovery_code_used(session, member, ADA)
        assert [one.after for one in audited(session)] == [{}, {"left": 2}]
        assert reset_second_factor(session, member, ADA, now())
        assert audited(session)[-1].before == {"authenticator": False, "passkeys": []}
