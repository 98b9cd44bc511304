"""Where a form may come from: this site, or a client that is no browser."""

from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.exceptions import Forbidden

from campaign.runtime.context import Installation
from campaign.web.origins import refuse_cross_site

HERE = "https://give.example.org"
PROXIED = "https://inner.example.org"


@pytest.fixture
def site(app: Flask, installation: Installation) -> Flask:
    """The application, with https://give.example.org as its address."""
    settings = replace(installation.settings, site_url=f"{HERE}/fund")
    app.extensions["installation"] = replace(installation, settings=settings)
    return app


def is_refused(app: Flask, headers: dict[str, str], base_url: str = HERE) -> bool:
    with app.test_request_context("/", method="POST", headers=headers, base_url=base_url):
        try:
            refuse_cross_site()
        except Forbidden:
            return True
    return False


@pytest.mark.parametrize(
    ("value", "refused"),
    [
        ("same-origin", False),
        # Typed by the reader, for example a form that was sent again after a restart.
        ("none", False),
        ("same-site", True),
        ("cross-site", True),
        ("", True),
        ("Same-Origin", True),
    ],
)
def test_a_browser_says_whether_the_form_is_from_this_site(
    site: Flask, value: str, *, refused: bool
) -> None:
    assert is_refused(site, {"Sec-Fetch-Site": value}) is refused


@pytest.mark.parametrize(
    ("origin", "refused"),
    [
        (HERE, False),
        (PROXIED, False),
        ("https://evil.example", True),
        ("https://give.example.org.evil.example", True),
        ("https://evil.example/give.example.org", True),
        ("https://give.example.org@evil.example", True),
        ("https://example.org", True),
        ("https://news.give.example.org", True),
        ("https://give.example.org:8443", True),
        # Sent by browsers for a page that hides where it is.
        ("null", True),
        ("", True),
    ],
)
def test_an_older_browser_names_the_origin_which_must_be_the_site_or_the_requested_host(
    site: Flask, origin: str, *, refused: bool
) -> None:
    assert is_refused(site, {"Origin": origin}, PROXIED) is refused


def test_the_browsers_own_judgment_counts_before_the_origin(site: Flask) -> None:
    evil = "https://evil.example"
    assert is_refused(site, {"Sec-Fetch-Site": "cross-site", "Origin": HERE})
    assert not is_refused(site, {"Sec-Fetch-Site": "same-origin", "Origin": evil})


def test_a_client_that_sends_neither_header_is_no_browser_and_is_accepted(site: Flask) -> None:
    assert not is_refused(site, {})
