"""Sign-in with the identity provider: a small real one on this machine, over HTTP."""

import json
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.test import TestResponse

from campaign import create_app
from campaign.core.settings import OidcSettings
from campaign.models import StaffRole
from campaign.runtime.context import Installation
from tests.support.staff import add_staff, browser
from tests.support.upstream import Answer, Upstream

KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})


class Provider(BaseHTTPRequestHandler):
    """Issue tokens with `claims` without asking for credentials."""

    claims: dict[str, Any]
    nonces: dict[str, str]

    @property
    def issuer(self) -> str:
        _, port = cast("tuple[str, int]", self.server.server_address)
        return f"http://127.0.0.1:{port}"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/authorize":
            code = f"code-{len(self.nonces)}"
            self.nonces[code] = asked["nonce"]
            back = urlencode({"code": code, "state": asked["state"]})
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri']}?{back}")
            self.end_headers()
        elif parts.path == "/keys":
            self._answer({"keys": [KEY.as_dict(private=False)]})
        else:
            self._answer(
                {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/keys",
                    "id_token_signing_alg_values_supported": ["RS256"],
                }
            )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        asked = {name: values[0] for name, values in parse_qs(body).items()}
        assert len(asked["code_verifier"]) >= 43
        standing = {
            "iss": self.issuer,
            "aud": "campaign",
            "sub": "1",
            "iat": int(time.time()),
            "exp": int(time.time()) + 60,
            "nonce": self.nonces.pop(asked["code"]),
        }
        token = jwt.encode({"alg": "RS256", "kid": "one"}, standing | self.claims, KEY)
        self._answer({"access_token": "x", "token_type": "Bearer", "id_token": token})

    def _answer(self, shown: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(shown).encode())

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class Unfollowed(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def visit(address: str) -> str:
    """Return the URL that the provider redirects to."""
    try:
        urllib.request.build_opener(Unfollowed).open(address)
    except urllib.error.HTTPError as answer:
        return str(answer.headers["Location"])
    raise AssertionError("the provider sends one back")


@pytest.fixture
def provider() -> Iterator[tuple[str, dict[str, Any]]]:
    """The provider's URL, and the claims that it issues."""
    claims: dict[str, Any] = {}
    handler = type("OneProvider", (Provider,), {"claims": claims, "nonces": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", claims
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def app(installation: Installation, provider: tuple[str, dict[str, Any]]) -> Iterator[Flask]:
    settings = installation.settings
    staff = replace(settings.staff, oidc=OidcSettings(provider[0], "campaign", "hush"))
    made = create_app(replace(installation, settings=replace(settings, staff=staff)))
    yield made
    made.extensions["live"].close()


ANA = {"email": "Ana@example.org", "email_verified": True}
REFUSED = (
    ({"email_verified": False}, "not on this team"),
    ({"email_verified": "true"}, "not on this team"),
    ({"email": "eve@example.org"}, "not on this team"),
    ({"email": None}, "not on this team"),
    ({"aud": "other"}, "was not valid"),
    ({"exp": 1}, "was not valid"),
    ({"nonce": "x"}, "was not valid"),
    ({"iss": "https://elsewhere.example"}, "was not valid"),
)


def test_only_team_members_with_a_verified_email_sign_in(
    app: Flask, installation: Installation, provider: tuple[str, dict[str, Any]]
) -> None:
    add_staff(installation, StaffRole.viewer, "ana@example.org")
    address, claims = provider
    client = browser(app)
    assert "your organization" in client.get("/staff/sign-in").text

    def come_back() -> TestResponse:
        gone = client.get("/staff/sign-in/provider?next=/staff/account")
        assert gone.location.startswith(f"{address}/authorize?")
        return client.get(visit(gone.location).removeprefix("http://localhost"))

    for shown, words in REFUSED:
        claims.clear()
        claims.update(ANA | shown)
        assert words in client.get(come_back().location).text, shown
        assert client.get("/staff/account").status_code == 302, shown
    claims.clear()
    claims.update(ANA)
    assert come_back().location == "/staff/account"
    assert "organization’s account" in client.get("/staff/account").text


def test_an_unrequested_response_and_an_unreachable_provider_are_refused(
    app: Flask, provider: tuple[str, dict[str, Any]], installation: Installation
) -> None:
    client = browser(app)
    forged = client.get("/staff/sign-in/provider/back?code=x&state=y", follow_redirects=True)
    assert "was not valid" in forged.text
    away = OidcSettings("http://127.0.0.1:9", "campaign", "hush")
    settings = installation.settings
    changed = replace(settings, staff=replace(settings.staff, oidc=away))
    other = create_app(replace(installation, settings=changed))
    said = browser(other).get("/staff/sign-in/provider", follow_redirects=True)
    assert "could not reach" in said.text
    other.extensions["live"].close()


def test_in_live_mode_no_provider_in_a_private_network_is_asked_unless_the_settings_name_it(
    app: Flask, provider: tuple[str, dict[str, Any]], installation: Installation
) -> None:
    before = app.extensions["installation"].settings
    live = replace(before, stripe_secret_key="sk_live_1")
    app.extensions["installation"] = replace(installation, settings=live)
    said = browser(app).get("/staff/sign-in/provider", follow_redirects=True)
    assert "could not reach" in said.text
    app.extensions.pop("staff_oidc")
    named = replace(live, private_hosts=frozenset({"127.0.0.1"}))
    app.extensions["installation"] = replace(installation, settings=named)
    gone = browser(app).get("/staff/sign-in/provider")
    assert gone.location.startswith(f"{provider[0]}/authorize?")


def test_a_provider_that_redirects_our_own_requests_is_not_followed(
    installation: Installation,
) -> None:
    """Otherwise whoever runs the provider's address could make us ask inside our network."""
    with Upstream() as web:
        inside = f"http://127.0.0.1:{web.port}/inside"
        web.answers(
            "/.well-known/openid-configuration", Answer(status=302, headers={"Location": inside})
        )
        settings = installation.settings
        oidc = OidcSettings(f"http://127.0.0.1:{web.port}", "campaign", "hush")
        changed = replace(settings, staff=replace(settings.staff, oidc=oidc))
        app = create_app(replace(installation, settings=changed))
        said = browser(app).get("/staff/sign-in/provider", follow_redirects=True)
        app.extensions["live"].close()
        assert "could not reach" in said.text
        assert web.asked("/inside") == []


def test_without_one_there_is_no_button(installation: Installation) -> None:
    app = create_app(installation)
    assert "organization’s account" not in browser(app).get("/staff/sign-in").text
    assert browser(app).get("/staff/sign-in/provider").status_code == 404
    app.extensions["live"].close()
