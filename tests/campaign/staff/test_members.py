"""The team: members are added once, an admin always remains, and a role change ends sessions at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from campaign.audit.audit_log import Actor
from campaign.auth.links import LinkState, check_link
from campaign.auth.policies import STAFF_LINK
from campaign.auth.staff import (
    Browser,
    begin_staff_session,
    find_staff_session,
    make_staff_link,
)
from campaign.core.clock import now
from campaign.core.errors import StaffRefused
from campaign.models import AuditEntry, StaffMember, StaffRole
from campaign.runtime.context import Installation
from campaign.staff.members import (
    Added,
    add_member,
    change_role,
    deactivate,
    end_all_sign_ins,
    find_member,
    get_member,
    list_members,
    reactivate,
    read_name,
    rename,
)
from tests.support.staff import COMMAND_LINE, add_staff

ADA = Actor("ada@harbor-ledger.example", StaffRole.admin)
HERE = Browser("Firefox", "192.0.2.1")


def add(
    installation: Installation, email: str, role: StaffRole = StaffRole.viewer, name: str = ""
) -> Added:
    with installation.sessions.begin() as session:
        return add_member(session, email, role, ADA, now(), name=name)


def audited(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id))
        return [one.removeprefix("staff_member.") for one in actions]


def test_adding_an_existing_member_changes_only_what_differs(
    installation: Installation,
) -> None:
    first = add(installation, "Bea@Example.org", name="Bea")
    again = add(installation, "BEA@example.ORG")
    assert (first.new, again.new, again.member.id) == (True, False, first.member.id)
    assert (again.member.email, again.member.name) == ("Bea@example.org", "Bea")
    assert (again.previous_role, again.reactivated) == (None, False)
    assert audited(installation) == ["added"]
    changed = add(installation, "bea@example.org", StaffRole.finance, "Bea Lee")
    assert (changed.previous_role, changed.member.role) == (StaffRole.viewer, "finance")
    assert audited(installation) == ["added", "renamed", "role_changed"]


def test_adding_a_deactivated_member_reactivates_them_with_the_given_role(
    installation: Installation,
) -> None:
    add(installation, "boss@example.org", StaffRole.admin)
    bea = add(installation, "bea@example.org", StaffRole.admin).member
    with installation.sessions.begin() as session:
        deactivate(session, session.get_one(StaffMember, bea.id), ADA, now())
    back = add(installation, "bea@example.org")
    assert (back.new, back.reactivated, back.previous_role) == (False, True, StaffRole.admin)
    assert (back.member.active, back.member.role) == (True, "viewer")


def test_members_are_found_in_any_case_and_listed_active_first(
    installation: Installation,
) -> None:
    for email in ("cy@example.org", "Bea@example.org", "ana@example.org"):
        add(installation, email)
    with installation.sessions.begin() as session:
        ana = get_member(session, " ANA@example.org ")
        deactivate(session, ana, ADA, now())
        assert find_member(session, "") is None
        assert [one.email for one in list_members(session)] == [
            "Bea@example.org",
            "cy@example.org",
            "ana@example.org",
        ]
        with pytest.raises(StaffRefused, match=r"di@example.org is not on the team"):
            get_member(session, "di@example.org")


def test_an_invalid_email_is_rejected(installation: Installation) -> None:
    with pytest.raises(StaffRefused, match="not an email address"):
        add(installation, "nobody")
    with pytest.raises(StaffRefused, match="no email"):
        add(installation, "")
    assert audited(installation) == []


def test_the_last_active_admin_cannot_be_deactivated_or_change_role(
    installation: Installation,
) -> None:
    last = add(installation, "last@example.org", StaffRole.admin).member
    gone = add(installation, "gone@example.org", StaffRole.admin).member
    with installation.sessions.begin() as session:
        last, gone = (session.get_one(StaffMember, one.id) for one in (last, gone))
        assert deactivate(session, gone, ADA, now())
        assert not deactivate(session, gone, ADA, now())
        for leave in (
            lambda: deactivate(session, last, ADA, now()),
            lambda: change_role(session, last, StaffRole.finance, ADA, now()),
        ):
            with pytest.raises(StaffRefused, match=r"last@example.org is the last admin"):
                leave()
        assert (last.active, last.role) == (True, "admin")
        # An admin who is already inactive does not count.
        assert change_role(session, gone, StaffRole.viewer, ADA, now())
        assert not change_role(session, gone, StaffRole.viewer, ADA, now())
        assert reactivate(session, gone, ADA)
        assert not reactivate(session, gone, ADA)
    assert audited(installation)[2:] == ["deactivated", "role_changed", "reactivated"]


def test_two_admins_cannot_remove_each_other_at_once(installation: Installation) -> None:
    both = [add_staff(installation, StaffRole.admin, f"{n}@example.org")[0].id for n in "ab"]

    def demote(member_id: int) -> bool:
        try:
            with installation.sessions.begin() as session:
                member = session.get_one(StaffMember, member_id)
                return change_role(session, member, StaffRole.viewer, COMMAND_LINE, now())
        except StaffRefused:
            return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(demote, both)) == [False, True]


@pytest.mark.parametrize("how", ["deactivated", "role", "shut out"])
def test_ending_access_takes_effect_at_once_in_every_browser(
    installation: Installation, how: str
) -> None:
    bea, other = (add(installation, f"{one}@example.org").member.id for one in ("bea", "cy"))
    with installation.sessions.begin() as session:
        member, at = session.get_one(StaffMember, bea), now()
        before = member.fs_uniquifier
        secrets = [begin_staff_session(session, member, "link", HERE, at) for _ in range(2)]
        kept = begin_staff_session(session, session.get_one(StaffMember, other), "link", HERE, at)
        path = make_staff_link(session, member, "ada", at, STAFF_LINK)
        if how == "deactivated":
            deactivate(session, member, ADA, at)
        elif how == "role":
            change_role(session, member, StaffRole.finance, ADA, at)
        else:
            end_all_sign_ins(session, member, at)
        session.flush()
        assert [find_staff_session(session, one, at) for one in secrets] == [None, None]
        assert find_staff_session(session, kept, at) is not None
        # A pending sign-in is identified by this.
        assert member.fs_uniquifier != before
        reactivate(session, member, ADA)
        link = check_link(session, STAFF_LINK, path.rpartition("/")[2], at)
        assert link.state == (LinkState.used if how == "deactivated" else LinkState.good)


def test_a_name_is_one_printable_line_of_at_most_a_hundred_characters(
    installation: Installation,
) -> None:
    assert read_name("  Bea\n\x00 Lee\u202e ") == "Bea Lee"
    assert read_name("A" * 101) == "A" * 100
    bea = add(installation, "bea@example.org", name="Bea").member.id
    with installation.sessions.begin() as session:
        member = session.get_one(StaffMember, bea)
        rename(session, member, " Bea ", ADA)
        rename(session, member, "", ADA)
        said = session.scalars(
            select(AuditEntry).where(AuditEntry.action.endswith("renamed"))
        ).one()
        assert (said.before, said.after) == ({"name": "Bea"}, {"name": ""})
