"""Access to the staff pages: sign-in, the origin of forms, and redirects."""

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from flask import Flask, session
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer

from campaign import create_app
from campaign.core.clock import now
from campaign.models import Campaign, StaffMember, StaffRole
from campaign.runtime.context import Installation
from campaign.web.staff.core.access import safe_next, url_for_home
from tests.support.authenticator import set_up
from tests.support.campaigns import add_campaign, audited
from tests.support.staff import StaffMaker, add_staff, browser


def test_signed_out_visitors_are_sent_to_sign_in_and_back(client: FlaskClient) -> None:
    answer = client.get("/staff/team?before=5")
    assert answer.status_code == 302
    assert answer.location == "/staff/sign-in?next=/staff/team?before%3D5"
    assert client.post("/staff/team").location == "/staff/sign-in"


def test_sign_in_redirects_only_to_staff_pages(staff: StaffMaker) -> None:
    client = staff(StaffRole.viewer)
    for target in (
        "https://evil.example/",
        "//evil.example/staff/",
        "/\\evil.example",
        "/staff\\..\\x",
        "/c/x",
        "/staffing",
        "javascript:alert(1)",
        "/staff/\tx",
        "/staff/\n//evil.example",
        "/staff/\x00",
        "/staff/\\evil.example",
        "/staff/..\\..\\evil.example",
        "/staff/\u202e",
        "\t//evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "///evil.example/staff/",
        "\\\\evil.example",
        "http:/staff/",
        "http:///staff/",
        "https:staff",
        "staff/team",
        "/staff@evil.example",
        "/staff.evil.example/",
        "evil.example/staff/",
        "//staff/team",
        " /staff/",
        "/",
        "/me",
        "/staff/sign-in",
        "/staff/sign-in/link/x",
        "/staff/sign-in?next=/staff/",
    ):
        answer = client.get("/staff/sign-in", query_string={"next": target})
        assert answer.location == "/staff/", target


def test_a_site_below_a_path_redirects_below_it(app: Flask) -> None:
    below = {"base_url": "https://example.org/give"}
    with app.test_request_context("/staff/", **below):
        assert url_for_home() == "/give/staff/"
        for target in ("/give/staff/team", "/give/staff"):
            assert safe_next(target) == target
        for target in ("/give/sign-in", "/give/me", "/give/staffing", "/give/staff/sign-in", None):
            assert safe_next(target) == "/give/staff/", target
    away = app.test_client().get("/staff/donors?q=a", **below)
    assert away.location == "/give/staff/sign-in?next=/give/staff/donors?q%3Da"


def test_members_who_need_a_second_factor_see_only_their_account_until_it_is_set_up(
    installation: Installation,
) -> None:
    settings = installation.settings
    strict = replace(settings, staff=replace(settings.staff, second_factor_required=True))
    app = create_app(replace(installation, settings=strict))
    clients = []
    for role in (StaffRole.viewer, StaffRole.finance, StaffRole.admin):
        client = browser(app)
        client.member, path = add_staff(installation, role)
        client.open_link(path)
        clients.append(client)
    viewer, finance, admin = clients
    assert viewer.get("/staff/donations").status_code == 200
    assert viewer.get("/staff/team").status_code == 403
    for member in (finance, admin):
        for path in ("/staff/donations", "/staff/books", "/staff/team", "/staff/"):
            answer = member.get(path)
            assert (answer.status_code, answer.location) == (303, "/staff/account"), path
        assert "Set up an authenticator" in member.get("/staff/account").text
        for path in ("password", "authenticator", "passkeys"):
            assert member.get(f"/staff/account/{path}").status_code == 200, path
        assert member.post_form("/staff/account/name", {"name": "Ada"}).status_code == 303
        assert member.post_form("/staff/donors/1/erase").location == "/staff/account"
    set_up(admin)
    assert admin.get("/staff/team").status_code == 200
    # One member's factor is no other's.
    assert finance.get("/staff/books").location == "/staff/account"
    app.extensions["live"].close()


def test_without_the_setting_no_second_factor_is_required(staff: StaffMaker) -> None:
    assert staff(StaffRole.admin).get("/staff/team").status_code == 200


@pytest.mark.parametrize(
    ("site", "path", "secure"),
    [
        ("https://give.example.org", "/staff", True),
        ("http://x", "/staff", False),
        ("https://example.org/give/", "/give/staff", True),
    ],
)
def test_the_cookie_is_limited_to_staff_pages(
    installation: Installation, campaign: Campaign, site: str, path: str, *, secure: bool
) -> None:
    app = create_app(replace(installation, settings=replace(installation.settings, site_url=site)))
    cookie = browser(app).get("/staff/sign-in").headers["Set-Cookie"]
    name, _, flags = cookie.partition("; ")
    assert name.startswith("__Secure-staff=" if secure else "staff=")
    expected = {"HttpOnly", "SameSite=Lax", f"Path={path}"} | ({"Secure"} if secure else set())
    assert set(flags.split("; ")) == expected
    app.extensions["live"].close()


def test_the_cookie_of_a_member_lasts_as_long_as_the_longest_session(
    app: Flask, installation: Installation
) -> None:
    client, (_, path) = browser(app), add_staff(installation, StaffRole.viewer)
    client.get(path)
    begun = now()
    with time_machine.travel(begun, tick=False):
        client.post_form(path)
        cookie = client.get_cookie("staff", path="/staff")
    assert cookie is not None
    assert cookie.expires is not None
    assert abs(cookie.expires - begun - timedelta(days=14)) < timedelta(seconds=2)


def test_a_form_that_was_open_all_day_is_still_accepted(staff: StaffMaker) -> None:
    client = staff(StaffRole.viewer)
    form = {"name": "Ana", "csrf_token": client.csrf_token()}
    with time_machine.travel(now() + timedelta(hours=11)):
        assert client.post("/staff/account/name", data=form).status_code == 303


def test_a_token_of_another_members_session_is_refused(staff: StaffMaker) -> None:
    ana, bea = staff(StaffRole.viewer), staff(StaffRole.admin)
    form = {"name": "Eve", "csrf_token": bea.csrf_token()}
    assert ana.post("/staff/account/name", data=form).status_code == 400


def test_there_is_a_session_below_the_staff_pages_address_only(app: Flask) -> None:
    for path, has in (("/staff", True), ("/staff/team", True), ("/staffing", False), ("/", False)):
        with app.test_request_context(path):
            if has:
                session["key"] = "x"
            else:
                with pytest.raises(RuntimeError):
                    session["key"] = "x"


def test_public_pages_neither_set_nor_read_a_cookie(
    staff: StaffMaker, client: FlaskClient, campaign: Campaign
) -> None:
    member = staff(StaffRole.admin)
    member.set_cookie("staff", "x", path="/")
    for path in ("/", "/c/nine-days", "/c/nine-days/progress.json", "/healthz", "/nowhere"):
        for asking in (client, member):
            answer = asking.get(path)
            assert "Set-Cookie" not in answer.headers
            assert "Cookie" not in answer.headers.get("Vary", "")


def test_only_get_requests_are_remembered_for_after_sign_in(
    client: FlaskClient, staff: StaffMaker
) -> None:
    asked = client.get("/staff/donors?q=a%26b")
    assert asked.location == "/staff/sign-in?next=/staff/donors?q%3Da%2526b"
    assert client.get("/staff/donors").location == "/staff/sign-in?next=/staff/donors"
    member = staff(StaffRole.viewer)
    for inside in ("/staff", "/staff/", "/staff/donors?q=a", "/staff/c/x#report"):
        answer = member.get("/staff/sign-in", query_string={"next": inside})
        assert answer.location == inside, inside


def test_a_rejected_form_changes_nothing_and_explains_why(
    staff: StaffMaker, installation: Installation
) -> None:
    client = staff(StaffRole.viewer)
    path = "/staff/account/name"
    expired = client.post(path, data={"name": "Eve", "csrf_token": "x"})
    assert (expired.status_code, "This form has expired" in expired.text) == (400, True)
    foreign = {"Origin": "https://evil.example"}
    refused = client.post_form(path, {"name": "Eve"}, headers=foreign)
    assert (refused.status_code, "from another site" in refused.text) == (403, True)
    with installation.sessions() as database:
        assert database.get_one(StaffMember, client.member.id).name != "Eve"


def test_staff_pages_are_never_cached(staff: StaffMaker) -> None:
    client = staff(StaffRole.viewer)
    for path in ("/staff/", "/staff/sign-in", "/staff/team", "/staff/account"):
        answer = client.get(path)
        assert answer.headers["Cache-Control"] == "private, no-store", path
        assert answer.headers["Referrer-Policy"] == "same-origin", path


def test_changes_are_recorded_with_the_members_name_and_role(
    staff: StaffMaker, installation: Installation
) -> None:
    add_campaign(installation)
    admin = staff(StaffRole.admin)
    admin.post_form("/staff/c/winter/pause", {"reason": "A fault"})
    entry = audited(installation)[-1]
    assert (entry.actor, entry.staff_id) == (admin.member.email, admin.member.id)


def test_the_cookie_is_written_only_when_it_changes(staff: StaffMaker) -> None:
    client = staff(StaffRole.viewer)
    client.get("/staff/account")
    assert "Set-Cookie" not in client.get("/staff/account").headers


def test_a_forged_cookie_is_rejected(app: Flask) -> None:
    client = browser(app)
    forged = URLSafeTimedSerializer("another key", salt="cookie-session").dumps({"key": "x"})
    client.set_cookie("staff", str(forged), path="/staff")
    assert client.get("/staff/account").status_code == 302
