"""Branding: an accent stylesheet, a logo that cannot run scripts, texts; changed by an admin and logged."""

import pytest
from flask.testing import FlaskClient

from campaign.runtime.context import Installation
from tests.support.campaigns import add_campaign, audited
from tests.support.staff import StaffMaker
from tests.support.waiting import wait_until

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
SVG = b'<?xml version="1.0"?><!-- ours --><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
COLORS = {"accent_light": "#7A1F3D", "accent_dark": "#f2a3bd"}


def test_an_accent_reaches_every_page_in_a_cached_stylesheet(
    client: FlaskClient, installation: Installation, staff: StaffMaker
) -> None:
    add_campaign(installation)
    assert "/theme/" not in client.get("/c/winter").text
    admin = staff()
    words = {"masthead": "The <Harbor> Ledger", "footer": "One of a kind."}
    assert "seen-dark" in admin.post_form("/staff/branding", COLORS | {"do": "preview"}).text
    assert admin.post_form("/staff/branding", COLORS | words).status_code == 303
    assert admin.post_form("/staff/branding", COLORS | words).status_code == 303
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
    (entry,) = [one for one in audited(installation) if one.action == "branding.edited"]
    assert entry.after["accent_light"] == "#7a1f3d"
    own = {"accent_light": "#123456", "accent_dark": "#abcdef", "locale": "en"}
    assert admin.post_form("/staff/c/winter/appearance", own).status_code == 303
    wait_until(lambda: "/theme/123456-abcdef.css" in client.get("/c/winter").text)
    assert address in client.get("/campaigns").text


@pytest.mark.parametrize(
    "path", ["ffff00-f2a3bd", "7a1f3d-111111", "7A1F3D-f2a3bd", "x", "7a1f3d-f2a3bd;"]
)
def test_a_color_with_low_contrast_is_not_served(client: FlaskClient, path: str) -> None:
    assert client.get(f"/theme/{path}.css").status_code == 404
