"""Who works here and what they did, as the tables keep it. Raw."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from campaign.models import AuditEntry, StaffLink, StaffMember, StaffPasskey, StaffSession
from campaign.runtime.context import Installation
from tests.support.raw_sql import execute, insert, refusals

LATER = datetime(2099, 1, 1, tzinfo=UTC)
ENTRY = {
    "actor": "Ada",
    "action": "donation.refunded",
    "subject_kind": "donation",
    "subject_key": "x",
}


def add(installation: Installation, email: str = "ada@example.org", **values: Any) -> int:
    shown = {"role": "viewer", "fs_uniquifier": email, **values}
    return insert(installation, StaffMember, email=email, **shown)


def test_a_member_is_one_person_in_any_case_with_a_role_that_exists(
    installation: Installation,
) -> None:
    number = add(installation)
    with pytest.raises(IntegrityError, match="uq_staff_member_lower_email"):
        add(installation, "ADA@example.org")
    with pytest.raises(IntegrityError, match="uq_staff_member_fs_uniquifier"):
        add(installation, "ben@example.org", fs_uniquifier="ada@example.org")
    rules = {"role = 'owner'": "ck_staff_member_role", "role = 'admin'": ""}
    assert refusals(installation, "staff_member", rules) == rules
    with installation.sessions() as session:
        found = session.get_one(StaffMember, number)
    assert (found.active, found.password, found.signed_in_at) == (True, None, None)


def test_codes_that_are_used_up_one_by_one_are_kept(installation: Installation) -> None:
    number = add(installation, mf_recovery_codes=["one", "two"])
    with installation.sessions.begin() as session:
        member = session.get_one(StaffMember, number)
        assert member.mf_recovery_codes is not None
        member.mf_recovery_codes.remove("one")
    with installation.sessions() as session:
        assert session.get_one(StaffMember, number).mf_recovery_codes == ["two"]


def test_a_passkey_is_one_person_s_under_a_name_of_their_own(installation: Installation) -> None:
    shown = {"public_key": b"k", "backup_state": False, "device_type": "single", "usage": "first"}
    ada, ben = add(installation), add(installation, "ben@example.org")

    def put(staff: int, credential: bytes, name: str) -> None:
        insert(
            installation, StaffPasskey, staff_id=staff, credential_id=credential, name=name, **shown
        )

    put(ada, b"1", "laptop")
    put(ben, b"2", "laptop")
    with pytest.raises(IntegrityError, match="uq_staff_passkey_name"):
        put(ada, b"3", "laptop")
    with pytest.raises(IntegrityError, match="uq_staff_passkey_credential_id"):
        put(ben, b"1", "phone")


def test_a_digest_opens_one_thing(installation: Installation) -> None:
    ada = add(installation)
    link = {"staff_id": ada, "digest": "same", "made_by": "Ada", "expires_at": LATER}
    session = {"staff_id": ada, "digest": "same", "method": "link", "expires_at": LATER}
    insert(installation, StaffLink, **link)
    insert(installation, StaffSession, **session)
    with pytest.raises(IntegrityError, match="uq_staff_link_digest"):
        insert(installation, StaffLink, **link)
    with pytest.raises(IntegrityError, match="uq_staff_session_digest"):
        insert(installation, StaffSession, **session)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_entry SET actor = 'x'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"],
)
def test_nothing_in_the_audit_log_can_be_changed(
    installation: Installation, statement: str
) -> None:
    insert(installation, AuditEntry, **ENTRY)
    with pytest.raises(DBAPIError, match="append-only"):
        execute(installation, statement)


@pytest.mark.parametrize("action", ["refunded", "donation.", "Donation.refunded", "a.b.c", "a b.c"])
def test_an_action_is_a_noun_and_a_verb(installation: Installation, action: str) -> None:
    with pytest.raises(IntegrityError, match="ck_audit_entry_action"):
        insert(installation, AuditEntry, **ENTRY | {"action": action})
