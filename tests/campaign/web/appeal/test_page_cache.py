"""Pages cached for a second, by path and language, until a gift arrives."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from campaign.models import Campaign
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from campaign.web.appeal.page_cache import PageCache
from tests.support.campaigns import add_campaign
from tests.support.stripe import Facts
from tests.support.waiting import wait_until


def test_the_page_is_cached_for_a_second_or_until_a_gift_arrives(
    client: FlaskClient,
    installation: Installation,
    give: Callable[..., Facts],
    store: Callable[..., None],
) -> None:
    assert "$0 of $50,000" in client.get("/c/nine-days").text
    # Each rendering has a new attempt in the form, so equal bytes came from the cache.
    wait_until(lambda: client.get("/c/nine-days").data == client.get("/c/nine-days").data)
    assert 'value="article-7"' in client.get("/c/nine-days?code=article-7").text
    store(give().completed())
    apply_due_events(installation)
    wait_until(lambda: "$25 of $50,000" in client.get("/c/nine-days").text)


def is_cached(client: FlaskClient, address: str) -> bool:
    return client.get(address).data == client.get(address).data


def test_a_page_is_cached_by_language_only(client: FlaskClient, installation: Installation) -> None:
    add_campaign(installation)
    for query in ("", "?lang=es"):
        address = f"/c/winter{query}"
        wait_until(partial(is_cached, client, address))
    assert client.get("/c/winter").data != client.get("/c/winter?lang=es").data
    for query in ("?lang=xx", "?lang=es&code=a"):
        # Each rendering has a new attempt in the form.
        address = f"/c/winter{query}"
        assert client.get(address).data != client.get(address).data


class Counted:
    """The application, counting its requests."""

    def __init__(self, app: Flask) -> None:
        self.app, self.rendered = app, 0

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.rendered += 1
        return Flask.wsgi_app(self.app, environ, start_response)


@pytest.fixture
def counted(app: Flask) -> Counted:
    """Wrap the application in a cache for this test only."""
    inner = Counted(app)
    app.wsgi_app = PageCache(inner, app.extensions["live"])  # type: ignore[method-assign] # as the application does
    return inner


def renderings(client: FlaskClient, counted: Counted, path: str, method: str = "GET") -> int:
    """Return how often the page is rendered for six requests; the first read of the progress clears the cache."""
    before = counted.rendered
    for _ in range(6):
        client.open(path, method=method).close()
    return counted.rendered - before


@pytest.mark.parametrize("path", ["/", "/c/nine-days", "/c/nine-days?lang=es"])
def test_a_shared_page_is_rendered_once_for_many(
    client: FlaskClient, campaign: Campaign, counted: Counted, path: str
) -> None:
    wait_until(lambda: renderings(client, counted, path) == 0)


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/c/nine-days", "HEAD"),
        ("/c/nine-days", "POST"),
        ("/c/nine-days?amount=25", "GET"),
        ("/c/nine-days?lang=xx", "GET"),
        ("/c/nine-days/", "GET"),
        ("/c/nine-days/donors", "GET"),
        ("/campaigns", "GET"),
        ("/c/unknown", "GET"),
    ],
)
def test_anything_else_is_rendered_for_each_request(
    client: FlaskClient, campaign: Campaign, counted: Counted, path: str, method: str
) -> None:
    assert renderings(client, counted, path, method) == 6


def test_a_404_is_not_cached_so_a_new_campaign_appears_at_once(
    client: FlaskClient, installation: Installation
) -> None:
    assert client.get("/c/winter").status_code == 404
    add_campaign(installation)
    assert client.get("/c/winter").status_code == 200


def test_a_cached_page_has_its_headers_and_no_cookie(
    client: FlaskClient, campaign: Campaign, counted: Counted
) -> None:
    fresh = client.get("/c/nine-days").headers
    wait_until(lambda: renderings(client, counted, "/c/nine-days") == 0)
    kept = client.get("/c/nine-days").headers
    for name in ("Content-Type", "Cache-Control", "Content-Security-Policy"):
        assert kept[name] == fresh[name]
    assert "Set-Cookie" not in kept
