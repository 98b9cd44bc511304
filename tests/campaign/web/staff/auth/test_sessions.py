"""Sessions: how they end, and the cookie that carries them."""

from datetime import timedelta

import time_machine
from flask import Flask
from sqlalchemy import func, select

from campaign.core.clock import now
from campaign.models import AuditEntry, StaffLink, StaffRole, StaffSession
from campaign.privacy.retention import purge_expired
from campaign.runtime.context import Installation
from tests.support.staff import StaffMaker, add_staff, browser


def test_a_session_ends_when_idle_when_old_and_at_sign_out(staff: StaffMaker) -> None:
    idle, old, leaving = (staff(StaffRole.viewer) for _ in range(3))
    begun = now()
    with time_machine.travel(begun + timedelta(hours=12, minutes=1)):
        assert idle.get("/staff/account").status_code == 302
    for hours in range(11, 14 * 24, 11):
        with time_machine.travel(begun + timedelta(hours=hours)):
            assert old.get("/staff/account").status_code == 200
    with time_machine.travel(begun + timedelta(days=14, minutes=1)):
        assert old.get("/staff/account").status_code == 302
    assert leaving.post_form("/staff/sign-out").status_code == 303
    assert leaving.get("/staff/account").status_code == 302


def test_signing_in_changes_the_session_id_and_signing_out_invalidates_a_copied_cookie(
    app: Flask, installation: Installation
) -> None:
    _, path = add_staff(installation, StaffRole.viewer)
    client = browser(app)
    client.get(path)
    before = client.get_cookie("staff", path="/staff")
    client.post_form(path)
    after = client.get_cookie("staff", path="/staff")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    client.post_form("/staff/sign-out")
    thief = browser(app)
    thief.set_cookie("staff", after.value, path="/staff")
    assert thief.get("/staff/account").status_code == 302
    with installation.sessions() as session:
        assert all(one.ended_at for one in session.scalars(select(StaffSession)))


def test_deactivation_and_role_changes_end_sessions_at_once(
    staff: StaffMaker, installation: Installation
) -> None:
    admin, member = staff(StaffRole.admin), staff(StaffRole.finance)
    path = f"/staff/team/{member.member.id}"
    assert admin.post_form(f"{path}/role", {"role": "viewer"}).status_code == 303
    assert member.get("/staff/account").status_code == 302
    again = staff(StaffRole.viewer, member.member.email)
    assert admin.post_form(f"{path}/deactivate").status_code == 303
    assert again.get("/staff/account").status_code == 302
    with installation.sessions() as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert last is not None
    assert (last.action, last.actor) == ("staff_member.deactivated", admin.member.email)
    assert last.staff_id == admin.member.id


def test_old_sessions_are_purged(app: Flask, staff: StaffMaker, installation: Installation) -> None:
    first = staff(StaffRole.viewer)
    with time_machine.travel(now() + timedelta(days=14 + 91)):
        browser(app).open_link(add_staff(installation, StaffRole.viewer)[1])
        assert purge_expired(installation) == 2
    with installation.sessions() as session:
        for table in (StaffSession, StaffLink):
            assert session.scalar(select(func.count()).select_from(table)) == 1
    assert first.get("/staff/account").status_code == 302
