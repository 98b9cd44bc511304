"""One's own account: name, password, sessions."""

import re

from flask import Flask

from campaign.models import StaffMember, StaffRole
from campaign.runtime.context import Installation
from tests.support.staff import StaffClient, StaffMaker, browser

FIRST, SECOND = "tapir umbrella kilowatt", "seven lumpy otters sing"


def change(client: StaffClient, new: str, old: str = "") -> tuple[int, str]:
    answer = client.post_form("/staff/account/password", {"old": old, "new": new})
    return answer.status_code, answer.text


def sign_in(app: Flask, email: str, password: str) -> tuple[StaffClient, int]:
    client = browser(app)
    client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
    answer = client.post_form("/staff/sign-in", {"email": email, "password": password})
    return client, answer.status_code


def test_a_password_is_chosen_after_a_link_and_changed_with_the_old_one(
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
    assert "not your present password" in refused[1]
    assert SECOND not in refused[1]
    assert change(again, SECOND, FIRST)[0] == 303
    assert sign_in(app, email, FIRST)[1] == 422
    assert sign_in(app, email, SECOND)[1] == 303
    # Who has come in by a link may have forgotten it.
    assert change(staff(StaffRole.viewer), FIRST)[0] == 303


def test_every_character_of_a_long_password_counts(app: Flask, staff: StaffMaker) -> None:
    client, long = staff(StaffRole.viewer), "Ein Igel zählt Ähren, " * 5 + "fast bis zuletzt"
    assert change(client, long)[0] == 303
    assert sign_in(app, client.member.email, long[:-1])[1] == 422
    # The same text, spelled with combining marks, as another keyboard writes it.
    assert sign_in(app, client.member.email, long.replace("ä", "a\u0308"))[1] == 303


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
    assert page.count("this one") == 1
    ids = re.findall(r"/staff/account/sessions/(\d+)/end", page)
    assert len(ids) == 3
    stranger.post_form(f"/staff/account/sessions/{ids[0]}/end")
    assert all(one.get("/staff/account").status_code == 200 for one in others)
    here.post_form(f"/staff/account/sessions/{ids[0]}/end")
    assert sorted(one.get("/staff/account").status_code for one in others) == [200, 200, 302]
    here.post_form("/staff/account/sessions/end-others")
    assert {one.get("/staff/account").status_code for one in others} == {302}
    assert [one.get("/staff/account").status_code for one in (here, stranger)] == [200, 200]


def test_a_name_is_kept_as_text(staff: StaffMaker) -> None:
    client = staff(StaffRole.viewer)
    assert (
        client.post_form("/staff/account/name", {"name": "  <b>Ana</b>\t Reyes\0"}).status_code
        == 303
    )
    assert 'value="&lt;b&gt;Ana&lt;/b&gt; Reyes"' in client.get("/staff/account").text
    assert client.post_form("/staff/account/name", {"name": "x" * 101}).status_code == 422
