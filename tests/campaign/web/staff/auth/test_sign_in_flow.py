"""From the first factor to a session: how long the second can take, and the page shown afterwards."""

from datetime import timedelta

import time_machine
from flask import Flask
from sqlalchemy import select

from campaign.core.clock import now
from campaign.models import AuditEntry, StaffMember, StaffRole
from campaign.runtime.context import Installation
from tests.support.authenticator import link_for, set_up
from tests.support.passwords import FIRST, change
from tests.support.staff import StaffMaker, browser


def test_guesses_at_the_code_are_rate_limited_and_a_pending_sign_in_expires(
    app: Flask, staff: StaffMaker, installation: Installation
) -> None:
    client = staff(StaffRole.viewer)
    phone = set_up(client)
    with time_machine.travel(now() + timedelta(seconds=60), tick=False) as clock:
        guesser = browser(app)
        guesser.open_link(link_for(installation, client.member))
        tries = [
            guesser.post_form("/staff/sign-in/second-factor", {"code": "000000"}).status_code
            for _ in range(9)
        ]
        assert tries == [422] * 8 + [429]
        clock.shift(timedelta(minutes=15, seconds=1))
        late = guesser.post_form("/staff/sign-in/second-factor", {"code": phone.code()})
        assert late.location == "/staff/sign-in"


def test_a_pending_sign_in_expires_after_ten_minutes(
    app: Flask, staff: StaffMaker, installation: Installation
) -> None:
    member = staff(StaffRole.viewer)
    set_up(member)
    start = now() + timedelta(minutes=1)
    for seconds, waits in ((600, True), (601, False)):
        client = browser(app)
        with time_machine.travel(start, tick=False) as clock:
            client.open_link(link_for(installation, member.member))
            clock.shift(timedelta(seconds=seconds))
            page = client.get("/staff/sign-in/second-factor")
            assert (page.status_code == 200) is waits, seconds


def test_after_both_factors_the_requested_page_opens(
    app: Flask, staff: StaffMaker, installation: Installation
) -> None:
    member = staff(StaffRole.viewer)
    phone = set_up(member)
    with_known = change(member, FIRST)
    assert with_known[0] == 303
    form = {"email": member.member.email, "password": FIRST, "next": "/staff/donors?q=a"}
    client = browser(app)
    with time_machine.travel(now() + timedelta(seconds=60), tick=False):
        assert client.post_form("/staff/sign-in", form).location == "/staff/sign-in/second-factor"
        entered = client.post_form("/staff/sign-in/second-factor", {"code": phone.code()})
    assert entered.location == "/staff/donors?q=a"


def test_a_member_deactivated_between_the_factors_cannot_sign_in(
    app: Flask, staff: StaffMaker, installation: Installation
) -> None:
    member = staff(StaffRole.viewer)
    phone = set_up(member)
    client = browser(app)
    with time_machine.travel(now() + timedelta(seconds=60), tick=False):
        client.open_link(link_for(installation, member.member))
        with installation.sessions.begin() as session:
            session.get_one(StaffMember, member.member.id).active = False
        refused = client.post_form("/staff/sign-in/second-factor", {"code": phone.code()})
    assert refused.location == "/staff/sign-in"
    assert client.get("/staff/account").status_code == 302


def test_signing_in_again_in_a_browser_ends_the_session_that_it_had(
    app: Flask, staff: StaffMaker, installation: Installation
) -> None:
    client = staff(StaffRole.viewer)
    before = client.get_cookie("staff", path="/staff")
    assert before is not None
    assert client.open_link(link_for(installation, client.member)).status_code == 303
    assert client.get("/staff/account").status_code == 200
    old = browser(app)
    old.set_cookie("staff", before.value, path="/staff")
    assert old.get("/staff/account").status_code == 302
    with installation.sessions() as session:
        methods = [
            one.after
            for one in session.scalars(
                select(AuditEntry).where(AuditEntry.action == "staff.signed_in")
            )
        ]
    assert methods == [{"method": "link"}] * 2
