"""The team page: add, change roles, deactivate; the last admin stays."""

import re

from flask import Flask
from sqlalchemy import select

from campaign.models import AuditEntry, OutboxMessage, StaffMember, StaffRole
from campaign.runtime.context import Installation
from tests.support.staff import StaffMaker, browser


def test_a_new_member_gets_a_link_that_is_shown_once_or_emailed(
    app: Flask, staff: StaffMaker, installation: Installation
) -> None:
    admin = staff(StaffRole.admin)
    form = {"email": "Bea@Example.org", "name": "Bea", "role": "finance", "way": "show"}
    added = admin.post_form("/staff/team", form)
    assert (added.status_code, added.location) == (303, "/staff/team/link")
    shown = re.search(
        r"http://localhost(/staff/sign-in/link/\S+)</code>", admin.get(added.location).text
    )
    assert shown is not None
    assert admin.get("/staff/team/link").location == "/staff/team"
    bea = browser(app)
    assert bea.open_link(shown[1]).status_code == 303
    assert bea.get("/staff/team").status_code == 403
    mailed = admin.post_form("/staff/team", form | {"email": "cy@example.org", "way": "mail"})
    assert mailed.location == "/staff/team"
    with installation.sessions() as session:
        (sent_email,) = session.scalars(select(OutboxMessage))
        assert (sent_email.recipient, sent_email.details) == (
            "cy@example.org",
            {"invited_by": admin.member.email},
        )
        made = select(AuditEntry.actor).where(AuditEntry.action == "staff_member.added")
        made = made.order_by(AuditEntry.id)
        assert list(session.scalars(made))[-2:] == [admin.member.email] * 2
    page = admin.get("/staff/team").text
    assert "Bea@example.org" in page
    assert "cy@example.org" in page


def test_errors_are_shown_next_to_their_field(staff: StaffMaker) -> None:
    admin = staff(StaffRole.admin)
    for form, words in (
        ({"email": "nobody", "role": "viewer"}, "not an email address"),
        ({"email": "bea@example.org", "role": "king"}, "Choose one of the roles"),
        ({"email": "ADMIN@harbor-ledger.example", "role": "viewer"}, "already on the team"),
    ):
        answer = admin.post_form("/staff/team", form)
        assert answer.status_code == 422
        assert words in answer.text
    assert admin.get("/staff/team/99999").status_code == 404
    assert admin.post_form("/staff/team/99999/role", {"role": "viewer"}).status_code == 404


def test_the_last_admin_cannot_be_deactivated_and_one_of_two_can(staff: StaffMaker) -> None:
    admin = staff(StaffRole.admin)
    own = f"/staff/team/{admin.member.id}"
    for path, form in (("deactivate", {}), ("role", {"role": "finance"})):
        refused = admin.post_form(f"{own}/{path}", form)
        assert refused.status_code == 422
        assert "last admin" in refused.text
    second = staff(StaffRole.admin, "second@example.org")
    assert admin.post_form(f"{own}/deactivate").status_code == 303
    assert admin.get("/staff/team").status_code == 302
    assert second.post_form(f"{own}/activate").status_code == 303
    assert "active" in second.get(own).text


def test_a_second_factor_is_reset_and_the_same_form_again_changes_nothing(
    staff: StaffMaker, installation: Installation
) -> None:
    admin, member = staff(StaffRole.admin), staff(StaffRole.viewer)
    with installation.sessions.begin() as session:
        row = session.get_one(StaffMember, member.member.id)
        row.tf_primary_method, row.tf_totp_secret = "authenticator", "lost"
    path = f"/staff/team/{member.member.id}"
    assert "authenticator app" in admin.get(path).text
    for action in ("reset-second-factor", "deactivate", "activate"):
        for _ in range(2):
            assert admin.post_form(f"{path}/{action}").status_code == 303
    assert "authenticator app" not in admin.get(path).text
    with installation.sessions() as session:
        reported = session.scalars(
            select(AuditEntry.action).where(AuditEntry.actor == admin.member.email)
        ).all()
    assert list(reported)[1:] == [
        "staff_member.second_factor_reset",
        "staff_member.deactivated",
        "staff_member.reactivated",
    ]
