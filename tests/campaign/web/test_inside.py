"""Metrics and the jobs of /readyz: for this machine and bearers of METRICS_TOKEN, however the address is spelled."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from campaign import create_app
from campaign.models import Campaign
from campaign.runtime.context import Installation

TOKEN = "a-collectors-own-token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
READER = {"REMOTE_ADDR": "198.51.100.9"}
SPELLINGS = [
    *("/metrics", "/metrics/", "//metrics", "/./metrics", "/x/../metrics", "/metrics//"),
    *("/%6detrics", "/%6Detrics/", "/metrics%2f", "/%2fmetrics", "/METRICS", "/Metrics"),
    *("/metrics?a=1", "/metrics;a", "/metrics%00", "/metrics%20", "/metrics.", "///metrics///"),
    *("/metrics/.", "/metrics/..;/metrics", "/%2e/metrics", "\\metrics", "/me%74rics%3f"),
]


@pytest.fixture(params=[0, 1], ids=["no-proxy", "one-proxy"])
def site(request: pytest.FixtureRequest, installation: Installation) -> Iterator[Flask]:
    """The application as in production, without and with a proxy that it believes."""
    settings = replace(
        installation.settings,
        site_url="https://give.example.org",
        metrics_token=TOKEN,
        trusted_proxies=request.param,
    )
    made = create_app(replace(installation, settings=settings))
    yield made
    made.extensions["live"].close()
    made.extensions["visits"].close()


def ask(
    site: Flask, target: str, headers: dict[str, str] | None = None, **environ: str
) -> tuple[int, str]:
    """Ask for a target as gunicorn passes it on, and follow redirects; return the status and the text."""
    from urllib.parse import unquote_to_bytes, urlsplit

    for _ in range(5):
        path, _, query = target.partition("?")
        built = EnvironBuilder(headers=headers, environ_overrides=environ).get_environ()
        built["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
        built["QUERY_STRING"] = query
        built["HTTP_HOST"] = environ.get("HTTP_HOST", "127.0.0.1:8000")
        body, status, answered = run_wsgi_app(site.wsgi_app, built)
        text = b"".join(body).decode("utf-8", "replace")
        if not 300 <= int(status[:3]) < 400:
            return int(status[:3]), text
        found = urlsplit(answered["Location"])
        assert found.netloc in ("", "give.example.org", "127.0.0.1:8000")
        target = found.path
    raise AssertionError("redirects without an end")


@pytest.mark.parametrize("target", SPELLINGS)
def test_no_spelling_shows_the_metrics_to_a_reader(
    site: Flask, campaign: Campaign, target: str
) -> None:
    for claims in (
        {},
        {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"},
        {"X-Forwarded-For": "127.0.0.1, 127.0.0.1", "Forwarded": "for=127.0.0.1"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer "},
    ):
        status, text = ask(site, target, claims, **READER)
        assert "campaign_" not in text, claims
        assert status in (400, 401, 404), claims


@pytest.mark.parametrize("target", ["/readyz", "/readyz/", "//readyz", "/%72eadyz"])
def test_a_reader_sees_no_jobs_but_whether_the_service_is_ready(
    site: Flask, campaign: Campaign, target: str
) -> None:
    status, text = ask(site, target, {"X-Forwarded-For": "127.0.0.1"}, **READER)
    assert status == 200
    assert '"ok"' in text
    assert "jobs" not in text
    assert "overdue" not in text


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_a_program_on_this_machine_needs_no_token(
    site: Flask, campaign: Campaign, peer: str
) -> None:
    for host in ("127.0.0.1:8000", "localhost", "[::1]:8000"):
        where = {"REMOTE_ADDR": peer, "HTTP_HOST": host}
        assert "campaign_raised_minor_units" in ask(site, "/metrics", **where)[1]
        assert "sweep-inbox" in ask(site, "/readyz", **where)[1]


@pytest.mark.parametrize("peer", ["198.51.100.9", "10.0.0.7", "127.0.0.1", ""])
def test_a_bearer_of_the_token_reads_them_from_everywhere(
    site: Flask, campaign: Campaign, peer: str
) -> None:
    where = {"REMOTE_ADDR": peer, "HTTP_HOST": "web:8000"}
    assert "campaign_raised_minor_units" in ask(site, "/metrics", BEARER, **where)[1]
    assert "sweep-inbox" in ask(site, "/readyz", BEARER, **where)[1]


@pytest.mark.parametrize(
    "said",
    [
        {"X-Forwarded-For": "198.51.100.9"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-Proto": "https"},
        {"X-Real-IP": "198.51.100.9"},
        {"Forwarded": "for=198.51.100.9"},
        {"Via": "1.1 proxy"},
    ],
)
def test_a_reader_behind_a_proxy_on_this_machine_is_not_this_machine(
    site: Flask, campaign: Campaign, said: dict[str, str]
) -> None:
    """nginx beside gunicorn connects from 127.0.0.1, for readers from everywhere."""
    status, text = ask(site, "/metrics", said, REMOTE_ADDR="127.0.0.1")
    assert (status, "campaign_" in text) == (404, False)
    assert "sweep-inbox" not in ask(site, "/readyz", said, REMOTE_ADDR="127.0.0.1")[1]


@pytest.mark.parametrize("host", ["give.example.org", "", "127.0.0.1.evil.example", "a@127.0.0.1"])
def test_a_proxy_that_only_passes_the_host_on_is_noticed_too(
    site: Flask, campaign: Campaign, host: str
) -> None:
    status, text = ask(site, "/metrics", REMOTE_ADDR="127.0.0.1", HTTP_HOST=host)
    assert (status, "campaign_" in text) == (404, False)


def test_a_collector_with_a_wrong_token_is_told_so(site: Flask, campaign: Campaign) -> None:
    status, text = ask(site, "/metrics", {"Authorization": "Bearer wrong"}, **READER)
    assert status == 401
    assert "METRICS_TOKEN" in text


def test_without_the_setting_no_token_is_right(installation: Installation) -> None:
    made = create_app(installation)
    for value in ("Bearer ", "Bearer", "bearer  ", "Bearer None"):
        assert ask(made, "/metrics", {"Authorization": value}, **READER)[0] == 401
    made.extensions["live"].close()
    made.extensions["visits"].close()
