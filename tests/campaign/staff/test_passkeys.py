"""Passkeys: saved once, for one member, each with a unique name."""

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.core.clock import now
from campaign.core.errors import StaffRefused
from campaign.models import AuditEntry, StaffMember, StaffPasskey, StaffRole
from campaign.runtime.context import Installation
from campaign.staff.passkeys import (
    MOST,
    NewPasskey,
    add_passkey,
    find_passkey,
    list_passkeys,
    note_use,
    remove_passkey,
    user_handle,
)
from tests.support.locks import waits_for_a_lock
from tests.support.staff import add_staff

ADA = Actor("ada@harbor-ledger.example", StaffRole.admin)


@pytest.fixture
def members(installation: Installation) -> tuple[int, int]:
    """Ana and Bea."""
    ana, bea = (add_staff(installation, StaffRole.viewer, f"{one}@example.org")[0] for one in "ab")
    return ana.id, bea.id


def new(name: str = "key", **changes: Any) -> NewPasskey:
    values = {
        "credential_id": name.encode(),
        "public_key": b"public",
        "sign_count": 7,
        "transports": ("usb", "nfc"),
        "device_type": "single_device",
        "synced": True,
    }
    return NewPasskey(**{**values, **changes})


def keep(session: Session, member_id: int, name: str = "Phone", key: str = "key") -> StaffPasskey:
    member = session.get_one(StaffMember, member_id)
    return add_passkey(session, member, name, new(key), ADA, now())


def audited(session: Session) -> list[AuditEntry]:
    wanted = AuditEntry.action.startswith("staff_member.passkey")
    return list(session.scalars(select(AuditEntry).where(wanted).order_by(AuditEntry.id)))


def test_a_passkey_is_saved_and_recorded(
    installation: Installation, members: tuple[int, int]
) -> None:
    with installation.sessions() as session:
        kept = keep(session, members[0])
        session.refresh(kept)
        assert (kept.staff_id, kept.name, kept.sign_count) == (members[0], "Phone", 7)
        assert (kept.transports, kept.backup_state, kept.public_key) == (
            ["usb", "nfc"],
            True,
            b"public",
        )
        (said,) = audited(session)
        assert (said.action, said.after) == ("staff_member.passkey_added", {"passkey": "Phone"})


def test_the_same_passkey_again_changes_nothing_and_belongs_to_one_member(
    installation: Installation, members: tuple[int, int]
) -> None:
    ana, bea = members
    with installation.sessions() as session:
        first = keep(session, ana)
        assert keep(session, ana, "Other") is first
        assert first.name == "Phone"
        with pytest.raises(StaffRefused, match="belongs to someone else"):
            keep(session, bea)
        assert len(audited(session)) == 1


def test_names_are_unique_per_member(installation: Installation, members: tuple[int, int]) -> None:
    ana, bea = members
    with installation.sessions() as session:
        typed = ("Phone", "Phone", " Phone ", "", "\n", "x" * 101)
        names = [keep(session, ana, name, str(number)).name for number, name in enumerate(typed)]
        assert names == ["Phone", "Phone 2", "Phone 3", "Passkey", "Passkey 2", "x" * 100]
        assert keep(session, bea, "Phone", "bea").name == "Phone"
        listed = list_passkeys(session, session.get_one(StaffMember, ana))
        assert [one.name for one in listed] == names


def test_a_member_has_at_most_twenty(installation: Installation, members: tuple[int, int]) -> None:
    ana, bea = members
    with installation.sessions() as session:
        kept = [keep(session, ana, "Phone", str(number)) for number in range(MOST)]
        assert kept[-1].name == "Phone 20"
        with pytest.raises(StaffRefused, match="You have 20 passkeys"):
            keep(session, ana, "One more", "more")
        keep(session, bea, "Phone", "more")
        assert remove_passkey(session, session.get_one(StaffMember, ana), kept[3].id, ADA)
        assert keep(session, ana, "Phone", "new").name == "Phone 4"


def test_members_remove_only_their_own_and_once(
    installation: Installation, members: tuple[int, int]
) -> None:
    ana, bea = members
    with installation.sessions() as session:
        key = keep(session, ana).id
        mine, theirs = session.get_one(StaffMember, ana), session.get_one(StaffMember, bea)
        assert not remove_passkey(session, theirs, key, ADA)
        assert remove_passkey(session, mine, key, ADA)
        assert not remove_passkey(session, mine, key, ADA)
        assert find_passkey(session, b"key") is None
        said = audited(session)
        assert [one.action.rpartition("_")[2] for one in said] == ["added", "removed"]
        assert said[1].before == {"passkey": "Phone"}


def test_a_use_is_recorded(installation: Installation, members: tuple[int, int]) -> None:
    later = now() + timedelta(hours=1)
    with installation.sessions.begin() as session:
        keep(session, members[0])
        found = find_passkey(session, b"key")
        assert found is not None
        note_use(found, 8, later)
    with installation.sessions() as session:
        kept = session.scalars(select(StaffPasskey)).one()
        assert (kept.sign_count, kept.lastuse_datetime) == (8, later)


def test_two_uses_of_a_passkey_at_the_same_time_are_counted_one_after_the_other(
    installation: Installation, members: tuple[int, int]
) -> None:
    with installation.sessions.begin() as session:
        keep(session, members[0])

    def use() -> int:
        with installation.sessions.begin() as session:
            found = find_passkey(session, b"key")
            assert found is not None
            note_use(found, found.sign_count + 1, now())
            return found.sign_count

    with ThreadPoolExecutor(1) as pool:
        with installation.sessions.begin() as first:
            found = find_passkey(first, b"key")
            assert found is not None
            note_use(found, found.sign_count + 1, now())
            # The change is not written yet, so only the lock of the read makes the second wait.
            second: Future[int] = pool.submit(use)
            assert waits_for_a_lock(installation, second)
        assert second.result(60) == 9


def test_the_user_handle_is_stable_and_reveals_nothing(
    installation: Installation, members: tuple[int, int]
) -> None:
    with installation.sessions.begin() as session:
        ana, bea = (session.get_one(StaffMember, one) for one in members)
        first, other = user_handle(ana), user_handle(bea)
    with installation.sessions() as session:
        assert user_handle(session.get_one(StaffMember, members[0])) == first != other
    assert len(first) == 64
