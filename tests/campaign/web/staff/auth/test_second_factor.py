"""The second factor: an authenticator app, recovery codes, and the installation that requires one."""

from datetime import timedelta

import time_machine
from flask import Flask
from sqlalchemy import select

from campaign.core.clock import now
from campaign.models import AuditEntry, StaffMember, StaffRole
from campaign.runtime.context import Installation
from tests.support.authenticator import link_for, set_up
from tests.support.staff import StaffMaker, browser


def test_after_the_link_the_apps_code_is_required_and_works_once(
    app: Flask, staff: StaffMaker, installation: Installation
) -> None:
    client = staff(StaffRole.viewer)
    phone = set_up(client)
    again, other = browser(app), browser(app)
    with time_machine.travel(now() + timedelta(seconds=60), tick=False):
        for each in (again, other):
            answer = each.open_link(link_for(installation, client.member))
            assert answer.location == "/staff/sign-in/second-factor"
            assert each.get("/staff/account").status_code == 302
        assert again.post_form("/staff/sign-in/second-factor", {"code": "12345"}).status_code == 422
        entered = again.post_form("/staff/sign-in/second-factor", {"code": f" {phone.code()} "})
        assert (entered.status_code, entered.location) == (303, "/staff/")
        stolen = other.post_form("/staff/sign-in/second-factor", {"code": phone.code()})
        assert stolen.status_code == 422
        assert "already been used" in stolen.text
        assert again.get("/staff/account").status_code == 200
    with installation.sessions() as session:
        member = session.get_one(StaffMember, client.member.id)
        assert member.tf_totp_secret is not None
        assert '"enckey"' in member.tf_totp_secret
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert entry.after == {"method": "link+totp"}
