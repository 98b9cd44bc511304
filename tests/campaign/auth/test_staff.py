"""Sessions of staff."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import object_session

from campaign.auth.staff import (
    AUTHENTICATOR,
    Browser,
    begin_staff_session,
    find_staff_session,
    list_staff_sessions,
)
from campaign.core.clock import now
from campaign.models import StaffMember, StaffPasskey
from campaign.runtime.context import Installation
from tests.support.audiences import AUDIENCES

FIREFOX = Browser("Mozilla/5.0 Firefox/140.0", "198.51.100.7")


def test_open_sessions_are_listed_most_recently_used_first(installation: Installation) -> None:
    at, hour = now(), timedelta(hours=1)
    with installation.sessions.begin() as session:
        member = AUDIENCES["staff"].add_person(session)
        other = AUDIENCES["staff"].add_person(session)
        begin_staff_session(session, other, "link", FIREFOX, at)
        for method, later in (("link", 0), ("password", 5), ("passkey", 2)):
            begin_staff_session(session, member, method, FIREFOX, at + later * hour)
        for later, methods in (
            (6, ["password", "passkey", "link"]),
            (12, ["password", "passkey"]),
            (14, ["password"]),
        ):
            listed = list_staff_sessions(session, member, at + later * hour)
            assert [one.method for one in listed] == methods


def test_a_sign_in_records_the_browser_cut_to_length(
    installation: Installation,
) -> None:
    at = now()
    with installation.sessions.begin() as session:
        member = AUDIENCES["staff"].add_person(session)
        browser = Browser("x" * 5_000, "198.51.100.7")
        secret = begin_staff_session(session, member, "link", browser, at)
        found = find_staff_session(session, secret, at)
    assert found is not None
    assert found.member.signed_in_at == at
    assert (found.session.browser, found.session.address) == ("x" * 300, "198.51.100.7")


def add_passkey(member: StaffMember) -> None:
    passkey = StaffPasskey(
        credential_id=b"1",
        public_key=b"2",
        backup_state=False,
        device_type="single_device",
        name="laptop",
        usage="first",
    )
    member.passkeys.append(passkey)


def add_authenticator(member: StaffMember) -> None:
    member.tf_primary_method, member.tf_totp_secret = AUTHENTICATOR, "encrypted"


def add_passkey_of_another(member: StaffMember) -> None:
    other = StaffMember(email="bea@example.org", role="viewer", fs_uniquifier="bea")
    add_passkey(other)
    session = object_session(member)
    assert session is not None
    session.add(other)


def choose_an_authenticator(member: StaffMember) -> None:
    member.tf_primary_method = AUTHENTICATOR


def begin_authenticator(member: StaffMember) -> None:
    member.tf_totp_secret = "encrypted"


@pytest.mark.parametrize(
    ("change", "second_factor"),
    [
        (add_passkey, True),
        (add_authenticator, True),
        (begin_authenticator, False),
        (choose_an_authenticator, False),
        (add_passkey_of_another, False),
        (lambda _member: None, False),
    ],
)
def test_a_passkey_or_a_confirmed_app_is_a_second_factor(
    installation: Installation, change: Callable[[StaffMember], None], second_factor: bool
) -> None:
    with installation.sessions.begin() as session:
        member = AUDIENCES["staff"].add_person(session)
        change(member)
        session.flush()
        secret = begin_staff_session(session, member, "link", FIREFOX, now())
        found = find_staff_session(session, secret, now())
    assert found is not None
    assert found.second_factor is second_factor
