"""Your own password, authenticator app and recovery codes: set, changed, shown once."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from campaign.core.clock import now
from campaign.models import AuditEntry, StaffMember, StaffRole
from campaign.runtime.context import Installation
from tests.support.authenticator import AuthenticatorApp, link_for, recovery_codes, set_up
from tests.support.passwords import FIRST, SECOND, change, sign_in
from tests.support.staff import StaffMaker, browser


def test_a_password_is_set_after_a_link_and_changed_with_the_current_one(
    app: Flask, staff: StaffMaker, installation: Installation
) -> None:
    client, elsewhere = staff(StaffRole.viewer), staff(StaffRole.viewer)
    for poor in ("short", "Password123456", "Harbor-Ledger-2026", "x" * 129, "111122223333"):
        assert change(client, poor)[0] == 422
    assert change(client, FIRST)[0] == 303
    assert elsewhere.get("/staff/account").status_code == 302
    assert client.get("/staff/account").status_code == 200
    with installation.sessions() as session:
        kept = session.get_one(StaffMember, client.member.id).password
        assert kept is not None
        assert kept.startswith("$argon2id$")
    email = client.member.email
    again, status = sign_in(app, email, FIRST)
    assert status == 303
    refused = change(again, SECOND, "not this one")
    assert refused[0] == 422
    assert "not your current password" in refused[1]
    assert SECOND not in refused[1]
    assert change(again, SECOND, FIRST)[0] == 303
    assert sign_in(app, email, FIRST)[1] == 422
    assert sign_in(app, email, SECOND)[1] == 303
    # A member who signed in with a link may have forgotten the password.
    assert change(staff(StaffRole.viewer), FIRST)[0] == 303


def test_a_wrong_code_sets_nothing_up_and_the_key_stays(staff: StaffMaker) -> None:
    client = staff(StaffRole.viewer)
    first = AuthenticatorApp(client)
    wrong = client.post_form("/staff/account/authenticator", {"code": "000000"})
    assert wrong.status_code == 422
    assert "clock" in wrong.text
    assert "Not set up." in client.get("/staff/account").text
    right = client.post_form("/staff/account/authenticator", {"code": first.code()})
    assert right.status_code == 303


def test_recovery_codes_are_shown_once_and_each_works_once(
    app: Flask, staff: StaffMaker, installation: Installation
) -> None:
    client = staff(StaffRole.viewer)
    assert recovery_codes(client) == []
    set_up(client)
    old, codes = recovery_codes(client), recovery_codes(client)
    assert len(set(codes)) == 10
    assert not set(old) & set(codes)
    assert client.get("/staff/account/recovery-codes").location == "/staff/account"

    def enter(code: str) -> int:
        fresh = browser(app)
        fresh.open_link(link_for(installation, client.member))
        return fresh.post_form("/staff/sign-in/second-factor", {"code": code}).status_code

    tried = [codes[0].upper().replace("-", " "), codes[0], old[1], codes[1]]
    assert [enter(code) for code in tried] == [303, 422, 422, 303]
    assert "You have 8 codes left." in client.get("/staff/account").text
    with installation.sessions() as session:
        kept = session.get_one(StaffMember, client.member.id).mf_recovery_codes
        assert kept is not None
        assert not set(kept) & set(codes)


@pytest.mark.parametrize(
    "path", ["/staff/account/authenticator", "/staff/account/passkeys", "/staff/account/password"]
)
def test_sign_in_methods_change_only_after_a_recent_sign_in(
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


def test_every_character_of_a_long_password_counts(app: Flask, staff: StaffMaker) -> None:
    client, long = staff(StaffRole.viewer), "Ein Igel zählt Ähren, " * 5 + "fast bis zuletzt"
    assert change(client, long)[0] == 303
    assert sign_in(app, client.member.email, long[:-1])[1] == 422
    # The same text with combining characters, as another keyboard types it.
    assert sign_in(app, client.member.email, long.replace("ä", "a\u0308"))[1] == 303


def test_a_new_app_replaces_the_old_one_only_after_a_correct_code(
    app: Flask, staff: StaffMaker, installation: Installation
) -> None:
    client = staff(StaffRole.viewer)
    old = set_up(client)
    new = AuthenticatorApp(client)
    with time_machine.travel(now() + timedelta(seconds=60), tick=False):
        fresh = browser(app)
        fresh.open_link(link_for(installation, client.member))
        code = {"code": old.code()}
        assert fresh.post_form("/staff/sign-in/second-factor", code).status_code == 303
        shown = {"code": new.code()}
        assert client.post_form("/staff/account/authenticator", shown).status_code == 303
    with time_machine.travel(now() + timedelta(seconds=120), tick=False):
        other = browser(app)
        other.open_link(link_for(installation, client.member))
        assert (
            other.post_form("/staff/sign-in/second-factor", {"code": old.code()}).status_code == 422
        )
        assert (
            other.post_form("/staff/sign-in/second-factor", {"code": new.code()}).status_code == 303
        )


def test_a_removed_app_is_no_longer_required(
    app: Flask, staff: StaffMaker, installation: Installation
) -> None:
    client = staff(StaffRole.viewer)
    set_up(client)
    for _ in range(2):
        assert client.post_form("/staff/account/authenticator/remove").status_code == 303
    with installation.sessions() as session:
        actions = [
            one
            for one in session.scalars(select(AuditEntry.action).order_by(AuditEntry.id))
            if "authenticator" in one
        ]
    assert len(actions) == 2
    fresh = browser(app)
    assert fresh.open_link(link_for(installation, client.member)).location == "/staff/"


def test_a_code_sent_without_opening_the_page_sets_nothing_up(staff: StaffMaker) -> None:
    client = staff(StaffRole.viewer)
    answer = client.post_form("/staff/account/authenticator", {"code": "123456"})
    assert answer.location == "/staff/account/authenticator"


def test_guesses_at_the_current_password_are_rate_limited(staff: StaffMaker) -> None:
    client = staff(StaffRole.viewer)
    assert change(client, FIRST)[0] == 303
    with time_machine.travel(now() + timedelta(minutes=16), tick=False):
        statuses = [change(client, SECOND, f"guess {number}")[0] for number in range(11)]
        assert statuses == [422] * 10 + [429]
