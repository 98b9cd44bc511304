"""The application behind the shipped nginx, with the number of trusted proxies that compose sets."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask, request
from werkzeug.routing import Rule
from werkzeug.serving import make_server

from campaign import create_app
from campaign.core.secret_addresses import SECRET_PARTS
from campaign.models import Campaign, StaffRole
from campaign.runtime.context import Installation
from tests.support.api_tokens import EVERYTHING, bearer
from tests.support.compose import environment
from tests.support.proxy import Proxy, Reply, needs_nginx
from tests.support.routes import address, pages
from tests.support.staff import StaffClient, add_staff
from tests.support.waiting import wait_until

pytestmark = needs_nginx
SHARED = {
    *("/", "/campaigns", "/embed.js", "/theme/<colors>.css", "/static/<path:filename>", "/oembed"),
    *("/logo/<digest>", "/api/openapi.json", "/privacy"),
}
"""Pages that may come from the cache, besides those of a campaign (/c/…): the same for every reader."""


METRICS = [
    *("/metrics", "/metrics/", "//metrics", "/./metrics", "/x/../metrics", "/metrics//"),
    *("/%6detrics", "/metrics%2f", "/%2fmetrics", "/METRICS", "/metrics?a", "/metrics%00"),
    *("/metrics;a", "/metrics%20", "/metrics/.", "/%2e/metrics", "/c/../metrics", "/metrics%23"),
]


@pytest.fixture
def https(installation: Installation) -> Iterator[Flask]:
    hops = int(environment("web")["TRUSTED_PROXIES"])
    settings = replace(
        installation.settings,
        site_url=environment("web")["SITE_URL"],
        trusted_proxies=hops,
    )
    made = create_app(replace(installation, settings=settings))
    made.add_url_rule("/whom", view_func=whom)
    yield made
    made.extensions["live"].close()
    made.extensions["visits"].close()


def whom() -> list[str | None]:
    return [request.remote_addr, request.scheme, request.host]


@pytest.fixture
def proxy(https: Flask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    server = make_server("127.0.0.1", 0, https, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with Proxy(tmp_path_factory.mktemp("nginx"), server.server_port) as running:
        yield running
    server.shutdown()
    thread.join()
    server.server_close()


def test_no_secret_address_of_the_application_is_in_the_logs_or_the_cache(
    https: Flask, proxy: Proxy, campaign: Campaign
) -> None:
    secret = [rule for rule in https.url_map.iter_rules() if SECRET_PARTS & rule.arguments]
    assert len(secret) > 10
    for rule in secret:
        for method in ("GET", "POST"):
            path = address(rule, "s3cret")
            reply = proxy.ask(method, f"{path}?again=s3cret", b"" if method == "POST" else None)
            assert reply.cache == "", f"{rule} may be cached"
    proxy.get("/healthz")
    wait_until(lambda: "/healthz" in proxy.access_log())
    assert "s3cret" not in proxy.access_log() + proxy.error_log()


def is_shared(rule: Rule) -> bool:
    return rule.rule in SHARED or rule.rule.startswith("/c/<slug>")


def test_only_public_pages_are_answered_from_the_cache(
    https: Flask, proxy: Proxy, campaign: Campaign
) -> None:
    cached = set()
    for rule in pages(https):
        path = address(rule, "x")
        proxy.get(path, Cookie="donor=ana; staff=ana")
        if proxy.get(path).cache not in ("", "MISS"):
            cached.add(rule.rule)
    assert {"/", "/campaigns", "/c/<slug>", "/c/<slug>/progress.json"} <= cached
    assert {rule.rule for rule in pages(https) if not is_shared(rule)} & cached == set()


def test_signed_in_pages_and_the_api_are_asked_for_anew_for_everyone(
    https: Flask, proxy: Proxy, installation: Installation, campaign: Campaign
) -> None:
    client = StaffClient(https, https.response_class, use_cookies=True)
    client.member, link = add_staff(installation, StaffRole.admin)
    client.open_link(link)
    cookie = client.get_cookie("staff", path="/staff")
    assert cookie is not None
    mine = {"Cookie": f"staff={cookie.value}"}
    token = bearer(installation, *EVERYTHING)
    for rule in pages(https):
        path, own = address(rule, "1"), mine if rule.rule.startswith("/staff") else token
        if rule.rule.startswith(("/staff", "/api/v1")) and proxy.get(path, **own).status == 200:
            other = proxy.get(path)
            assert other.status in ((302, 303, 401) if "sign-in" not in path else (200,)), path
            assert other.cache in ("", "MISS"), path


def whole(reply: Reply) -> dict[str, str | None]:
    names = ("strict-transport-security", "x-content-type-options", "content-security-policy")
    return {name: reply.headers.get(name) for name in names}


def test_every_answer_of_the_application_is_https_only_also_from_the_cache(
    https: Flask, proxy: Proxy, campaign: Campaign
) -> None:
    targets = [address(rule, "x") for rule in pages(https) if rule.rule != "/metrics"]
    targets += ["/nowhere", "/static/nowhere.css", "/static/favicon.svg"]
    for target in targets:
        for _ in range(2):
            found = whole(proxy.get(target, X_Forwarded_Proto="https"))
            assert found["strict-transport-security"] == "max-age=31536000", target
            assert found["x-content-type-options"] == "nosniff", target
            assert found["content-security-policy"], target


def test_a_reader_cannot_claim_another_address(proxy: Proxy) -> None:
    """The chain is what the proxy with TLS sends: what the reader made up, then the reader."""
    chain = {"X_Forwarded_For": "203.0.113.7, 198.51.100.9, 10.0.0.2"}
    made_up = {"X_Forwarded_Host": "evil.example.org", "Forwarded": "for=203.0.113.7"}
    made_up |= {"X_Real_Ip": "203.0.113.7", "Host": "give.example.org"}
    shown = proxy.get("/whom", X_Forwarded_Proto="https", **chain, **made_up)
    assert json.loads(shown.text) == ["198.51.100.9", "https", "give.example.org"]


@pytest.mark.parametrize(
    "spelling", [*METRICS, *(path.replace("metrics", "readyz") for path in METRICS)]
)
def test_no_spelling_leads_through_the_proxy_to_what_is_not_public(
    proxy: Proxy, campaign: Campaign, spelling: str
) -> None:
    """nginx is on this machine here, as beside a gunicorn without Docker: its peer is 127.0.0.1."""
    for claims in (
        {},
        {"X_Forwarded_For": "127.0.0.1"},
        {"Host": "127.0.0.1", "X_Real_Ip": "127.0.0.1"},
    ):
        reply = proxy.get(spelling, **claims)
        assert b"campaign_" not in reply.body
        assert b"sweep-inbox" not in reply.body
        assert "location" not in reply.headers or "127.0.0.1" not in reply.headers["location"]
