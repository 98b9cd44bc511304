"""The account page: name, password, sessions."""

import re

from flask import Flask

from campaign.models import StaffRole
from tests.support.passwords import FIRST, change, sign_in
from tests.support.staff import StaffMaker


def test_sessions_are_listed_and_ended_one_by_one_and_all_at_once(
    app: Flask, staff: StaffMaker
) -> None:
    here = staff(StaffRole.viewer)
    change(here, FIRST)
    email = here.member.email
    others = [sign_in(app, email, FIRST)[0] for _ in range(3)]
    stranger = staff(StaffRole.finance)
    page = here.get("/staff/account").text
    assert page.count("Firefox on Linux") == 3
    assert page.count("This session") == 1
    ids = re.findall(r"/staff/account/sessions/(\d+)/end", page)
    assert len(ids) == 3
    stranger.post_form(f"/staff/account/sessions/{ids[0]}/end")
    assert all(one.get("/staff/account").status_code == 200 for one in others)
    here.post_form(f"/staff/account/sessions/{ids[0]}/end")
    assert sorted(one.get("/staff/account").status_code for one in others) == [200, 200, 302]
    here.post_form("/staff/account/sessions/end-others")
    assert {one.get("/staff/account").status_code for one in others} == {302}
    assert [one.get("/staff/account").status_code for one in (here, stranger)] == [200, 200]


def test_a_name_is_saved_as_text(staff: StaffMaker) -> None:
    client = staff(StaffRole.viewer)
    assert (
        client.post_form("/staff/account/name", {"name": "  <b>Ana</b>\t Reyes\0"}).status_code
        == 303
    )
    assert 'value="&lt;b&gt;Ana&lt;/b&gt; Reyes"' in client.get("/staff/account").text
    assert client.post_form("/staff/account/name", {"name": "x" * 101}).status_code == 422
