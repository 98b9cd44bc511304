"""Sign-in with links and passwords, and what it refuses."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import time_machine
from flask import Flask
from sqlalchemy import func, select

from campaign import create_app
from campaign.core.clock import now
from campaign.emails.delivery import deliver_due
from campaign.models import (
    AuditEntry,
    OutboxMessage,
    StaffLink,
    StaffMember,
    StaffRole,
)
from campaign.runtime.context import Installation
from campaign.staff.members import deactivate
from sandbox.outbox.receiver import MailReceiver
from tests.support.passwords import PASSWORD, with_password
from tests.support.staff import COMMAND_LINE, add_staff, browser


def actions(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_link_signs_in_once_by_its_button(app: Flask, installation: Installation) -> None:
    _, path = add_staff(installation, StaffRole.finance)
    scanner, member, late = browser(app), browser(app), browser(app)
    assert [scanner.get(path).status_code for _ in range(3)] == [200] * 3
    before = member.get(path)
    assert "no-store" in before.headers["Cache-Control"]
    answer = member.post_form(path)
    assert (answer.status_code, answer.location) == (303, "/staff/")
    assert member.get("/staff/account").status_code == 200
    used = late.get(path)
    assert used.status_code == 410
    assert "works only once" in used.text
    assert "campaign staff add" in used.text
    assert late.post_form(path).status_code == 410
    assert actions(installation) == ["staff_member.added", "staff.signed_in"]
    with installation.sessions() as session:
        secret = path.rpartition("/")[2]
        assert secret not in session.scalars(select(StaffLink.digest)).all()


def test_only_one_of_several_concurrent_uses_of_a_link_signs_in(
    app: Flask, installation: Installation
) -> None:
    _, path = add_staff(installation, StaffRole.viewer)
    clients = [browser(app) for _ in range(4)]
    for client in clients:
        client.get(path)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: one.post_form(path).status_code, clients))
    assert sorted(answers) == [303, 410, 410, 410]


def test_expired_links_and_links_of_deactivated_members_do_not_work(
    app: Flask, installation: Installation
) -> None:
    member, path = add_staff(installation, StaffRole.viewer)
    with time_machine.travel(now() + timedelta(hours=24, seconds=1)):
        assert "has expired" in browser(app).get(path).text
    with installation.sessions.begin() as session:
        deactivate(session, session.get_one(StaffMember, member.id), COMMAND_LINE, now())
    assert browser(app).post_form(path).status_code == 410
    assert "do not recognize" in browser(app).get("/staff/sign-in/link/guessed").text


def test_a_form_without_its_token_or_from_another_site_changes_nothing(
    app: Flask, installation: Installation
) -> None:
    _, path = add_staff(installation, StaffRole.viewer)
    client = browser(app)
    client.get(path)
    assert client.post(path).status_code == 400
    foreign = {"Sec-Fetch-Site": "cross-site"}
    refused = client.post_form(path, headers=foreign)
    assert refused.status_code == 403
    assert "from another site" in refused.text
    assert client.post_form(path).status_code == 303


def test_a_password_signs_in_and_every_failure_gets_the_same_answer(
    app: Flask, installation: Installation
) -> None:
    with_password(app, installation, "ana@example.org")
    add_staff(installation, StaffRole.viewer, "none@example.org")
    refused = [
        browser(app).post_form("/staff/sign-in", {"email": email, "password": typed, "next": ""})
        for email, typed in (
            ("ana@example.org", "wrong"),
            ("ana@example.org", PASSWORD[:72] + "x"),
            ("none@example.org", PASSWORD),
            ("nobody@example.org", PASSWORD),
            ("nobody@example.org", "x" * 5_000),
        )
    ]
    assert {answer.status_code for answer in refused} == {422}
    assert all("The email or password is wrong." in answer.text for answer in refused)
    assert not any(PASSWORD in answer.text for answer in refused)
    client = browser(app)
    form = {"email": "ANA@example.org ", "password": PASSWORD, "next": "/staff/account?x=1"}
    answer = client.post_form("/staff/sign-in", form)
    assert (answer.status_code, answer.location) == (303, "/staff/account?x=1")
    assert client.get("/staff/sign-in").location == "/staff/"


def test_an_emailed_link_is_created_when_its_email_is_rendered(
    mailing: Installation, mailbox: MailReceiver
) -> None:
    app = create_app(mailing)
    add_staff(mailing, StaffRole.viewer, "ana@example.org")
    client = browser(app)
    answers = [
        client.post_form("/staff/sign-in/link", {"email": email}, buffered=True)
        for email in ("Ana@example.org", "nobody@example.org", "", "x" * 5_000)
    ]
    assert {(answer.status_code, answer.location) for answer in answers} == {
        (303, "/staff/sign-in/sent")
    }
    # The same form sent twice sends one email.
    client.post_form("/staff/sign-in/link", {"email": "ana@example.org"}, buffered=True)
    with mailing.sessions() as session:
        (queued,) = session.scalars(select(OutboxMessage)).all()
        assert session.scalar(select(func.count()).select_from(StaffLink)) == 1
    assert deliver_due(mailing) == 1
    (sent_email,) = mailbox.messages
    body = sent_email.message.get_body(("plain",)).get_content()
    path = next(line for line in body.splitlines() if "/staff/sign-in/link/" in line)
    secret = path.rpartition("/")[2]
    assert secret not in f"{queued.details} {queued.subject_key} {queued.token}"
    assert client.open_link(path.removeprefix("http://localhost")).status_code == 303
    form = {"email": "ana@example.org"}
    limited = [client.post_form("/staff/sign-in/link", form).status_code for _ in range(3)]
    assert limited == [303, 303, 429]
    app.extensions["live"].close()


def test_a_link_requested_too_long_ago_is_not_sent(
    mailing: Installation, mailbox: MailReceiver, app: Flask
) -> None:
    add_staff(mailing, StaffRole.viewer, "ana@example.org")
    browser(app).post_form("/staff/sign-in/link", {"email": "ana@example.org"}, buffered=True)
    with time_machine.travel(now() + timedelta(minutes=16)):
        deliver_due(mailing)
    assert mailbox.messages == []
    with mailing.sessions() as session:
        assert session.scalars(select(OutboxMessage.state)).all() == ["dropped"]
