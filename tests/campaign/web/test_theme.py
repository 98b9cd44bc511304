"""The house's look: an accent as a stylesheet, a logo that can run nothing, words; changed by an admin, and logged."""

import io

import pytest
from flask.testing import FlaskClient

from campaign.campaigns.logos import LARGEST
from campaign.runtime.context import Installation
from tests.support.campaigns import audited, running
from tests.support.staff import StaffMaker
from tests.support.waiting import wait_until

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
SVG = b'<?xml version="1.0"?><!-- ours --><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
COLOURS = {"accent_light": "#7A1F3D", "accent_dark": "#f2a3bd"}


def test_an_accent_reaches_every_page_by_a_stylesheet_that_is_kept(
    client: FlaskClient, installation: Installation, staff: StaffMaker
) -> None:
    running(installation)
    assert "/theme/" not in client.get("/c/winter").text
    admin = staff()
    words = {"masthead": "The <Harbor> Ledger", "footer": "One of a kind."}
    assert "seen-dark" in admin.post_form("/staff/settings", COLOURS | {"do": "preview"}).text
    assert admin.post_form("/staff/settings", COLOURS | words).status_code == 303
    assert admin.post_form("/staff/settings", COLOURS | words).status_code == 303
    address = "/theme/7a1f3d-f2a3bd.css"
    wait_until(lambda: address in client.get("/c/winter").text)
    for path in ("/c/winter", "/c/winter/remind", "/c/winter/embed", "/campaigns", "/me"):
        assert address in client.get(path).text, path
    assert "The &lt;Harbor&gt; Ledger" in client.get("/c/winter").text
    assert "One of a kind." in client.get("/c/winter").text
    sheet = client.get(address)
    assert "--accent: #7a1f3d; --accent-ink: #ffffff" in sheet.text
    assert "--accent: #f2a3bd; --accent-ink: #000000" in sheet.text
    assert "immutable" in sheet.headers["Cache-Control"]
    assert client.get("/c/winter/embed.json").get_json()["accent"] == ["#7a1f3d", "#ffffff"]
    (entry,) = [one for one in audited(installation) if one.action == "house.edited"]
    assert entry.after["accent_light"] == "#7a1f3d"
    own = {"accent_light": "#123456", "accent_dark": "#abcdef", "locale": "en"}
    assert admin.post_form("/staff/c/winter/appearance", own).status_code == 303
    wait_until(lambda: "/theme/123456-abcdef.css" in client.get("/c/winter").text)
    assert address in client.get("/campaigns").text


@pytest.mark.parametrize(
    "path", ["ffff00-f2a3bd", "7a1f3d-111111", "7A1F3D-f2a3bd", "x", "7a1f3d-f2a3bd;"]
)
def test_a_colour_that_cannot_be_read_is_served_to_nobody(client: FlaskClient, path: str) -> None:
    assert client.get(f"/theme/{path}.css").status_code == 404


def test_what_is_wrong_is_said_beside_its_field(
    installation: Installation, staff: StaffMaker
) -> None:
    admin = staff()
    wrong = admin.post_form("/staff/settings", {"accent_light": "#ff0", "accent_dark": "#fff"})
    assert wrong.status_code == 422
    assert "#ffff00 has a contrast of 1.0" in wrong.text
    for body, why in (
        (b"GIF89a", "no PNG, JPEG, WebP or plain SVG"),
        (b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg>&a;</svg>", "no PNG"),
        (PNG + b"0" * LARGEST, "at most 200 KB"),
        (PNG, "Say in words"),
    ):
        typed = {"logo": (io.BytesIO(body), "logo.png")}
        refused = admin.post_form("/staff/settings", typed)
        assert (refused.status_code, why in refused.text) == (422, True), why
    assert not [one for one in audited(installation) if one.action == "house.edited"]


@pytest.mark.parametrize(("body", "kind"), [(PNG, "image/png"), (SVG, "image/svg+xml")])
def test_a_logo_is_a_picture_that_can_run_nothing(
    client: FlaskClient, installation: Installation, staff: StaffMaker, body: bytes, kind: str
) -> None:
    admin = staff()
    typed = {"logo": (io.BytesIO(body), "evil.html"), "logo_alt": "An anchor"}
    assert admin.post_form("/staff/settings", typed).status_code == 303
    page = client.get("/campaigns").text
    assert 'alt="An anchor"' in page
    address = page.split('class="logo" src="')[1].split('"')[0]
    logo = client.get(address)
    assert (logo.data, logo.mimetype) == (body, kind)
    assert "sandbox" in logo.headers["Content-Security-Policy"]
    assert "script-src 'none'" in logo.headers["Content-Security-Policy"]
    assert logo.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get("/logo/0000").status_code == 404
    assert admin.post_form("/staff/settings", {"without_logo": "y"}).status_code == 303
    assert 'class="logo"' not in client.get("/campaigns").text
