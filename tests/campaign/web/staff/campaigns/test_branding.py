"""The branding page: colors, logo and texts, with a preview."""

import io

import pytest
from flask.testing import FlaskClient

from campaign.campaigns.logos import MAX_BYTES
from campaign.runtime.context import Installation
from tests.support.campaigns import audited
from tests.support.staff import StaffMaker

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


SVG = b'<?xml version="1.0"?><!-- ours --><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def test_errors_are_shown_next_to_their_field(
    installation: Installation, staff: StaffMaker
) -> None:
    admin = staff()
    wrong = admin.post_form("/staff/branding", {"accent_light": "#ff0", "accent_dark": "#fff"})
    assert wrong.status_code == 422
    assert "#ffff00 has a contrast of 1.0" in wrong.text
    for body, why in (
        (b"GIF89a", "Choose a PNG, JPEG, WebP or plain SVG"),
        (b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg>&a;</svg>", "Choose a PNG"),
        (PNG + b"0" * MAX_BYTES, "the limit is 200 KB"),
        (PNG, "Describe the logo"),
    ):
        typed = {"logo": (io.BytesIO(body), "logo.png")}
        refused = admin.post_form("/staff/branding", typed)
        assert (refused.status_code, why in refused.text) == (422, True), why
    assert not [one for one in audited(installation) if one.action == "branding.edited"]


@pytest.mark.parametrize(("body", "kind"), [(PNG, "image/png"), (SVG, "image/svg+xml")])
def test_a_logo_is_an_image_that_cannot_run_scripts(
    client: FlaskClient, installation: Installation, staff: StaffMaker, body: bytes, kind: str
) -> None:
    admin = staff()
    typed = {"logo": (io.BytesIO(body), "evil.html"), "logo_alt": "An anchor"}
    assert admin.post_form("/staff/branding", typed).status_code == 303
    page = client.get("/campaigns").text
    assert 'alt="An anchor"' in page
    address = page.split('class="logo" src="')[1].split('"')[0]
    logo = client.get(address)
    assert (logo.data, logo.mimetype) == (body, kind)
    assert "sandbox" in logo.headers["Content-Security-Policy"]
    assert "script-src 'none'" in logo.headers["Content-Security-Policy"]
    assert logo.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get("/logo/0000").status_code == 404
    assert admin.post_form("/staff/branding", {"without_logo": "y"}).status_code == 303
    assert 'class="logo"' not in client.get("/campaigns").text


def test_a_preview_shows_the_colors_and_saves_nothing(
    installation: Installation, staff: StaffMaker
) -> None:
    admin = staff()
    typed = {"accent_light": "#7A1F3D", "accent_dark": "#f2a3bd", "masthead": "Typed"}
    seen = admin.post_form("/staff/branding", typed | {"do": "preview"})
    assert seen.status_code == 200
    assert "/theme/7a1f3d-f2a3bd.css" in seen.text
    assert 'value="Typed"' in seen.text
    assert "Typed" not in admin.get("/staff/branding").text
    assert "branding.edited" not in [one.action for one in audited(installation)]


def test_saved_changes_are_named_once_and_shown_in_the_form(
    installation: Installation, staff: StaffMaker
) -> None:
    admin = staff()
    typed = {"masthead": "The Ledger", "footer": "One of a kind.", "wall_by_default": "y"}
    for shown in ("Saved: masthead, footer, donor wall of new campaigns.", "Nothing changed."):
        assert shown in admin.post_form("/staff/branding", typed, follow_redirects=True).text
    page = admin.get("/staff/branding").text
    assert 'value="The Ledger"' in page
    assert "One of a kind." in page
    assert [one.action for one in audited(installation)].count("branding.edited") == 1


def test_a_logo_stays_when_the_form_is_sent_without_one(
    client: FlaskClient, staff: StaffMaker
) -> None:
    admin = staff()
    logo = {"logo": (io.BytesIO(PNG), "logo.png"), "logo_alt": "An anchor"}
    admin.post_form("/staff/branding", logo)
    admin.post_form("/staff/branding", {"logo_alt": "An anchor", "masthead": "The Ledger"})
    assert 'class="logo"' in client.get("/campaigns").text
