"""The second factor: an authenticator app, recovery codes, and the installation that requires one."""

import html
import re
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from passlib.totp import TOTP
from sqlalchemy import select

from campaign import create_app
from campaign.auth.policies import STAFF_LINK
from campaign.auth.staff import make_staff_link
from campaign.core.clock import now
from campaign.models import AuditEntry, StaffMember, StaffRole
from campaign.runtime.context import Installation
from tests.support.staff import StaffClient, StaffMaker, add_staff, browser


def link_for(installation: Installation, member: StaffMember) -> str:
    with installation.sessions.begin() as session:
        return make_staff_link(session, member, "test", now(), STAFF_LINK)


class App:
    """An authenticator app that has taken the key from the page, as one types it."""

    def __init__(self, client: StaffClient) -> None:
        page = client.get("/staff/account/authenticator").text
        found = re.search(r'<code class="key">([^<]+)</code>', page)
        assert found is not None
        assert "data:image/svg+xml" in page
        self._totp = TOTP(key=html.unescape(found[1]).replace("-", "").replace(" ", ""))

    def code(self) -> str:
        return str(self._totp.generate(time=now().timestamp()).token)


def set_up(client: StaffClient) -> App:
    app = App(client)
    answer = client.post_form("/staff/account/authenticator", {"code": app.code()})
    assert (answer.status_code, answer.location) == (303, "/staff/account")
    return app


def codes_of(client: StaffClient) -> list[str]:
    shown = client.post_form("/staff/account/recovery-codes", follow_redirects=True).text
    return re.findall(r"[0-9a-f]{4}(?:-[0-9a-f]{4}){2}", shown)


def test_a_wrong_code_sets_nothing_up_and_keeps_the_key(staff: StaffMaker) -> None:
    client = staff(StaffRole.viewer)
    first = App(client)
    wrong = client.post_form("/staff/account/authenticator", {"code": "000000"})
    assert wrong.status_code == 422
    assert "clock" in wrong.text
    assert "Set one up" in client.get("/staff/account").text
    right = client.post_form("/staff/account/authenticator", {"code": first.code()})
    assert right.status_code == 303


def test_after_the_link_the_apps_code_is_asked_for_and_taken_once(
    app: Flask, staff: StaffMaker, installation: Installation
) -> None:
    client = staff(StaffRole.viewer)
    phone = set_up(client)
    again, other = browser(app), browser(app)
    with time_machine.travel(now() + timedelta(seconds=60), tick=False):
        for each in (again, other):
            answer = each.open_link(link_for(installation, client.member))
            assert answer.location == "/staff/sign-in/second"
            assert each.get("/staff/account").status_code == 302
        assert again.post_form("/staff/sign-in/second", {"code": "12345"}).status_code == 422
        entered = again.post_form("/staff/sign-in/second", {"code": f" {phone.code()} "})
        assert (entered.status_code, entered.location) == (303, "/staff/")
        stolen = other.post_form("/staff/sign-in/second", {"code": phone.code()})
        assert stolen.status_code == 422
        assert "used before" in stolen.text
        assert again.get("/staff/account").status_code == 200
    with installation.sessions() as session:
        member = session.get_one(StaffMember, client.member.id)
        assert member.tf_totp_secret is not None
        assert '"enckey"' in member.tf_totp_secret
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        assert entry.after == {"method": "link+totp"}


def test_recovery_codes_are_shown_once_and_each_works_once(
    app: Flask, staff: StaffMaker, installation: Installation
) -> None:
    client = staff(StaffRole.viewer)
    assert codes_of(client) == []
    set_up(client)
    old, codes = codes_of(client), codes_of(client)
    assert len(set(codes)) == 10
    assert not set(old) & set(codes)
    assert client.get("/staff/account/recovery-codes").location == "/staff/account"

    def enter(code: str) -> int:
        fresh = browser(app)
        fresh.open_link(link_for(installation, client.member))
        return fresh.post_form("/staff/sign-in/second", {"code": code}).status_code

    tried = [codes[0].upper().replace("-", " "), codes[0], old[1], codes[1]]
    assert [enter(code) for code in tried] == [303, 422, 422, 303]
    assert "8 are left" in client.get("/staff/account").text
    with installation.sessions() as session:
        kept = session.get_one(StaffMember, client.member.id).mf_recovery_codes
        assert kept is not None
        assert not set(kept) & set(codes)


def test_guesses_at_the_code_are_slowed_down_and_the_wait_between_factors_ends(
    app: Flask, staff: StaffMaker, installation: Installation
) -> None:
    client = staff(StaffRole.viewer)
    phone = set_up(client)
    with time_machine.travel(now() + timedelta(seconds=60), tick=False) as clock:
        guesser = browser(app)
        guesser.open_link(link_for(installation, client.member))
        tries = [
            guesser.post_form("/staff/sign-in/second", {"code": "000000"}).status_code
            for _ in range(9)
        ]
        assert tries == [422] * 8 + [429]
        clock.shift(timedelta(minutes=15, seconds=1))
        late = guesser.post_form("/staff/sign-in/second", {"code": phone.code()})
        assert late.location == "/staff/sign-in"


def test_who_needs_one_sees_only_their_account_until_it_is_set_up(
    installation: Installation,
) -> None:
    settings = installation.settings
    strict = replace(settings, staff=replace(settings.staff, second_factor_required=True))
    app = create_app(replace(installation, settings=strict))
    clients = []
    for role in (StaffRole.viewer, StaffRole.admin):
        client = browser(app)
        client.member, path = add_staff(installation, role)
        client.open_link(path)
        clients.append(client)
    viewer, admin = clients
    assert viewer.get("/staff/team").status_code == 403
    assert admin.get("/staff/team").location == "/staff/account"
    assert "set up an authenticator" in admin.get("/staff/account").text
    set_up(admin)
    assert admin.get("/staff/team").status_code == 200
    app.extensions["live"].close()


@pytest.mark.parametrize(
    "path", ["/staff/account/authenticator", "/staff/account/passkeys", "/staff/account/password"]
)
def test_how_one_signs_in_is_changed_only_shortly_after_signing_in(
    staff: StaffMaker, installation: Installation, path: str
) -> None:
    client = staff(StaffRole.viewer)
    assert client.get(path).status_code == 200
    with time_machine.travel(now() + timedelta(minutes=16)):
        sent = client.get(path)
        assert (sent.status_code, sent.location.partition("?")[0]) == (303, "/staff/sign-in")
        assert client.get(sent.location).status_code == 200
        assert client.post_form("/staff/account/recovery-codes").status_code == 303
        assert client.open_link(link_for(installation, client.member)).status_code == 303
        assert client.get(path).status_code == 200
