"""Previews of every email, for staff."""

from dataclasses import replace

import pytest

from campaign import create_app
from campaign.emails.samples import samples
from campaign.models import StaffRole
from campaign.runtime.context import Installation
from tests.support.staff import StaffClient, StaffMaker, add_staff, browser

HOME = "/staff/mail/preview/"


@pytest.fixture
def client(staff: StaffMaker) -> StaffClient:
    return staff(StaffRole.viewer)


def test_the_list_links_every_email_in_every_language(client: StaffClient) -> None:
    page = client.get(HOME)
    assert page.status_code == 200
    for name in samples():
        for locale in ("en", "es"):
            assert f'href="{HOME}{name}?locale={locale}"' in page.text


def test_each_email_has_a_preview(client: StaffClient) -> None:
    for name in samples():
        page = client.get(f"{HOME}{name}?locale=es")
        assert page.status_code == 200, name
        assert f'src="{HOME}{name}.html?locale=es"' in page.text
        html = client.get(f"{HOME}{name}.html?locale=es")
        text = client.get(f"{HOME}{name}.txt?locale=es")
        assert (html.mimetype, text.mimetype) == ("text/html", "text/plain")
        assert '<html lang="es" dir="ltr">' in html.text
        assert "The Harbor Ledger" in text.text


@pytest.mark.parametrize("path", ["", "receipt", "receipt.html", "receipt.txt"])
def test_previews_are_neither_cached_nor_indexed(client: StaffClient, path: str) -> None:
    headers = client.get(HOME + path).headers
    assert headers["Cache-Control"] == "private, no-store"
    assert "noindex" in headers["X-Robots-Tag"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_an_email_may_use_inline_styles_and_nothing_else(client: StaffClient) -> None:
    policy = client.get(f"{HOME}receipt.html").headers["Content-Security-Policy"]
    assert "style-src 'unsafe-inline'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "'unsafe-inline'" not in client.get(f"{HOME}receipt").headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["unknown", "unknown.html", "receipt.pdf", "../receipt"])
def test_an_unknown_email_is_not_found(client: StaffClient, path: str) -> None:
    assert client.get(HOME + path).status_code == 404


def test_an_unknown_language_is_shown_in_english(client: StaffClient) -> None:
    assert '<html lang="en" dir="ltr">' in client.get(f"{HOME}receipt.html?locale=xx").text


def test_previews_require_sign_in_in_live_mode_too(installation: Installation) -> None:
    settings = replace(installation.settings, stripe_secret_key="sk_live_1")
    app = create_app(replace(installation, settings=settings))
    try:
        stranger, viewer = browser(app), browser(app)
        viewer.open_link(add_staff(installation, StaffRole.viewer)[1])
        assert stranger.get(HOME).status_code == 302
        assert viewer.get(HOME).status_code == 200
    finally:
        app.extensions["live"].close()
