"""Access to the staff pages: sign-in, the origin of forms, and redirects."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer

from campaign import create_app
from campaign.models import Campaign, StaffMember, StaffRole
from campaign.runtime.context import Installation
from tests.support.authenticator import set_up
from tests.support.campaigns import audited, running
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
        "/staff/sign-in/link/x",
    ):
        answer = client.get("/staff/sign-in", query_string={"next": target})
        assert answer.location == "/staff/", target


def test_members_who_need_a_second_factor_see_only_their_account_until_it_is_set_up(
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
    assert "Set up an authenticator" in admin.get("/staff/account").text
    set_up(admin)
    assert admin.get("/staff/team").status_code == 200
    app.extensions["live"].close()


@pytest.mark.parametrize(
    ("site", "secure"), [("https://give.example.org", True), ("http://x", False)]
)
def test_the_cookie_is_limited_to_staff_pages(
    installation: Installation, campaign: Campaign, site: str, secure: bool
) -> None:
    app = create_app(replace(installation, settings=replace(installation.settings, site_url=site)))
    cookie = browser(app).get("/staff/sign-in").headers["Set-Cookie"]
    assert ("Secure" in cookie) is secure
    for part in ("HttpOnly", "SameSite=Lax", "Path=/staff"):
        assert part in cookie
    app.extensions["live"].close()


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
    with installation.sessions() as session:
        assert session.get_one(StaffMember, client.member.id).name != "Eve"


def test_staff_pages_are_never_cached(staff: StaffMaker) -> None:
    client = staff(StaffRole.viewer)
    for path in ("/staff/", "/staff/sign-in", "/staff/team", "/staff/account"):
        answer = client.get(path)
        assert answer.headers["Cache-Control"] == "private, no-store", path
        assert answer.headers["Referrer-Policy"] == "same-origin", path


def test_changes_are_recorded_with_the_members_name_and_role(
    staff: StaffMaker, installation: Installation
) -> None:
    running(installation)
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
