"""The web application as it is put together: how large a form may be, whose word about an address counts."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask, request, session
from flask.testing import FlaskClient

from campaign import create_app
from campaign.models import Campaign
from campaign.runtime.context import Installation
from campaign.web.app import FORM_BYTES


def test_a_trailing_slash_is_the_same_page(client: FlaskClient, campaign: Campaign) -> None:
    for path in ("/c/nine-days", "/c/nine-days/print", "/campaigns", "/me"):
        assert client.get(f"{path}/").status_code == client.get(path).status_code == 200, path


def test_a_form_can_have_at_most_64_kib(client: FlaskClient, campaign: Campaign) -> None:
    def posted(size: int) -> int:
        body = b"email=" + b"x" * (size - 6)
        kind = "application/x-www-form-urlencoded"
        return client.post("/c/nine-days/remind", data=body, content_type=kind).status_code

    assert FORM_BYTES == 65_536
    assert posted(FORM_BYTES) == 422
    assert posted(FORM_BYTES + 1) == 413


def test_static_files_are_cached_for_a_year_at_a_versioned_address(
    client: FlaskClient, app: Flask
) -> None:
    page, version = client.get("/campaigns").text, app.extensions["static_version"]
    assert f"?v={version}" in page
    answer = client.get(f"/static/favicon.svg?v={version}")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000"


@pytest.fixture
def behind(installation: Installation) -> Iterator[FlaskClient]:
    """The application behind one proxy that is trusted, telling whom it takes a request to be from."""
    settings = replace(installation.settings, trusted_proxies=1)
    made = create_app(replace(installation, settings=settings))
    made.add_url_rule("/whom", view_func=whom, endpoint="whom")
    yield made.test_client()
    made.extensions["live"].close()


def whom() -> list[str | None]:
    return [request.remote_addr, request.scheme, request.host]


FORWARDED = {
    "X-Forwarded-For": "203.0.113.9, 198.51.100.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "give.example.org",
}


def test_a_trusted_proxy_sets_the_client_address_and_nobody_else_can(behind: FlaskClient) -> None:
    """Scheme and host are those of SITE_URL, whatever a proxy says."""
    shown = behind.get("/whom", headers=FORWARDED).get_json()
    assert shown == ["198.51.100.7", "http", "localhost"]


def test_without_a_proxy_nobody_can_claim_another_address(app: Flask) -> None:
    app.add_url_rule("/whom", view_func=whom, endpoint="whom")
    shown = app.test_client().get("/whom", headers=FORWARDED).get_json()
    assert shown == ["127.0.0.1", "http", "localhost"]


def test_public_pages_have_no_session(app: Flask) -> None:
    with app.test_request_context("/c/nine-days"), pytest.raises(RuntimeError):
        session["key"] = "x"
    with app.test_request_context("/staff"):
        session["key"] = "x"
