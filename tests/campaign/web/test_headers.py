"""Security headers: what a browser is told on every page, and on personal ones."""

from dataclasses import replace

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from campaign import create_app
from campaign.models import Campaign
from campaign.runtime.context import Installation
from campaign.web.headers import add_security_headers

STRIPE = {"https://checkout.stripe.com", "https://billing.stripe.com"}
SANDBOX = {"http://127.0.0.1:*", "http://localhost:*"}
PAGES = ("/", "/c/nine-days", "/campaigns", "/me", "/staff/sign-in", "/healthz", "/nowhere")


def policy(response: Response) -> dict[str, set[str]]:
    """Return the sources by directive of the response's Content-Security-Policy."""
    directives = response.headers["Content-Security-Policy"].split(";")
    return {name: set(sources) for name, *sources in map(str.split, directives)}


def test_every_page_has_every_security_header(client: FlaskClient, campaign: Campaign) -> None:
    for path in (*PAGES, "/static/favicon.svg"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert headers["Permissions-Policy"] == (
            "camera=(), geolocation=(), microphone=(), payment=()"
        ), path
        assert headers["Referrer-Policy"] in {
            "strict-origin-when-cross-origin",
            "same-origin",
            "no-referrer",
        }, path
        assert "Content-Security-Policy" in headers, path


def test_public_pages_send_only_their_origin_as_referrer(
    client: FlaskClient, campaign: Campaign
) -> None:
    headers = client.get("/c/nine-days").headers
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"


def test_no_page_may_run_or_load_anything_from_elsewhere_or_be_framed(
    client: FlaskClient, campaign: Campaign
) -> None:
    own = {"'self'"}
    for path in PAGES:
        found = policy(client.get(path))
        assert found.pop("form-action") >= own, path
        assert found == {
            "default-src": {"'none'"},
            "style-src": own,
            "script-src": own,
            "img-src": {*own, "data:"},
            "connect-src": own,
            "base-uri": {"'none'"},
            "frame-ancestors": {"'none'"},
        }, path


@pytest.mark.parametrize(
    ("stripe", "more"),
    [
        ("https://api.stripe.com", set()),
        ("http://127.0.0.1:8420", SANDBOX),
        ("https://api.stripe.com.evil.example", SANDBOX),
    ],
)
def test_forms_lead_to_this_site_and_stripe_and_to_this_machine_only_with_a_stand_in(
    app: Flask, installation: Installation, stripe: str, more: set[str]
) -> None:
    settings = replace(installation.settings, stripe_api_base=stripe)
    app.extensions["installation"] = replace(installation, settings=settings)
    with app.test_request_context("/"):
        found = policy(add_security_headers(Response()))
    assert found["form-action"] == {"'self'"} | STRIPE | more


@pytest.mark.parametrize(
    ("site", "said"), [("https://give.example.org", "max-age=31536000"), ("http://x", None)]
)
def test_with_https_browsers_use_nothing_else_for_a_year(
    installation: Installation, campaign: Campaign, site: str, said: str | None
) -> None:
    app = create_app(replace(installation, settings=replace(installation.settings, site_url=site)))
    for path in ("/c/nine-days", "/staff/sign-in", "/me", "/healthz", "/nowhere"):
        found = app.test_client().get(path).headers.get("Strict-Transport-Security")
        assert found == said, path
    app.extensions["live"].close()


def test_a_page_may_set_a_header_of_its_own(app: Flask) -> None:
    with app.test_request_context("/"):
        own = {"Referrer-Policy": "no-referrer", "Content-Security-Policy": "default-src 'self'"}
        kept = add_security_headers(Response(headers=own)).headers
    assert {name: kept[name] for name in own} == own


def test_personal_pages_are_neither_stored_nor_indexed_nor_named_to_other_sites(
    client: FlaskClient, campaign: Campaign
) -> None:
    for path in ("/me", "/me/link/guessed", "/staff/sign-in"):
        headers = client.get(path).headers
        assert "no-store" in headers["Cache-Control"], path
        assert headers["X-Robots-Tag"] == "noindex, nofollow", path
        assert headers["Referrer-Policy"] == "same-origin", path
