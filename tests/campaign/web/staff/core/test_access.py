"""Who gets into the staff's room, where a form may come from, and where one lands afterwards."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from campaign import create_app
from campaign.models import Campaign, StaffRole
from campaign.runtime.context import Installation
from tests.support.authenticator import set_up
from tests.support.staff import StaffMaker, add_staff, browser


def test_who_is_not_signed_in_is_sent_to_sign_in_and_back(client: FlaskClient) -> None:
    answer = client.get("/staff/team?before=5")
    assert answer.status_code == 302
    assert answer.location == "/staff/sign-in?next=/staff/team?before%3D5"
    assert client.post("/staff/team").location == "/staff/sign-in"


def test_one_comes_back_only_to_the_staffs_room(staff: StaffMaker) -> None:
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
    ("site", "secure"), [("https://give.example.org", True), ("http://x", False)]
)
def test_the_cookie_is_for_the_room_alone(
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
