"""Error pages: in the reader's language, with a next step, and without internal details."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from campaign.core.errors import NotFound
from campaign.core.secret_addresses import SECRET_PARTS
from campaign.models import Campaign
from tests.support.routes import address


@pytest.mark.parametrize(
    ("path", "accepted", "shown"),
    [
        ("/c/unknown", "", "Page not found"),
        ("/c/unknown?lang=es", "", "Página no encontrada"),
        ("/c/unknown", "es-MX,es;q=0.9", "Página no encontrada"),
        ("/c/unknown?lang=en", "es", "Page not found"),
        ("/staff/unknown?lang=es", "es", "Page not found"),
    ],
)
def test_an_error_page_uses_the_browser_language(
    client: FlaskClient, path: str, accepted: str, shown: str
) -> None:
    answer = client.get(path, headers={"Accept-Language": accepted})
    assert answer.status_code == 404
    assert shown in answer.text


def test_a_too_large_body_is_rejected_in_the_language_of_the_address(
    client: FlaskClient, campaign: Campaign
) -> None:
    answer = client.post("/c/nine-days/remind?lang=es", data={"email": "x" * 100_000})
    assert answer.status_code == 413
    assert "Lo que envió es demasiado grande" in answer.text


@pytest.fixture
def broken(app: Flask) -> FlaskClient:
    """Add routes that fail in each way."""

    def fail(how: str) -> str:
        if how == "database":
            raise OperationalError("SELECT 1", {}, Exception("the server is gone"))
        if how == "pool":
            raise PoolTimeoutError
        if how == "missing":
            raise NotFound("no such thing: hunter2")
        raise RuntimeError("hunter2")

    app.add_url_rule("/broken/<how>", view_func=fail, endpoint="broken")
    app.add_url_rule("/api/v1/broken/<how>", view_func=fail, endpoint="api_broken")
    return app.test_client()


@pytest.mark.parametrize(
    ("how", "status", "words"),
    [
        ("database", 503, "The site is temporarily unavailable"),
        ("pool", 503, "The site is temporarily unavailable"),
        ("missing", 404, "Page not found"),
        ("unexpected", 500, "Something went wrong on our side"),
    ],
)
def test_an_error_is_explained_without_internal_details(
    broken: FlaskClient, how: str, status: int, words: str
) -> None:
    answer = broken.get(f"/broken/{how}")
    assert (answer.status_code, words in answer.text) == (status, True)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers.get("Retry-After") == ("30" if status == 503 else None)
    for inside in ("hunter2", "Traceback", "SELECT"):
        assert inside not in answer.text
    shown = broken.get(f"/api/v1/broken/{how}")
    assert (shown.status_code, shown.mimetype) == (status, "application/problem+json")
    assert "hunter2" not in shown.text


def test_an_address_with_a_nul_is_not_found(client: FlaskClient, campaign: Campaign) -> None:
    for path in ("/c/%00", "/%00", "/staff/c/%00", "/api/v1/campaigns/%00"):
        assert client.get(path).status_code == 404, path


def test_a_wrong_method_lists_the_allowed_ones_and_links_back(
    client: FlaskClient, campaign: Campaign
) -> None:
    answer = client.get("/c/nine-days/donate?lang=es")
    assert answer.status_code == 405
    assert answer.allow == {"OPTIONS", "POST"}
    assert answer.content_type == "text/html; charset=utf-8"
    assert 'href="/?lang=es"' in answer.text


def test_the_browser_language_counts_only_for_errors(
    client: FlaskClient, campaign: Campaign
) -> None:
    spanish = {"Accept-Language": "es"}
    assert '<html lang="es"' in client.get("/c/unknown", headers=spanish).text
    assert '<html lang="en"' in client.get("/c/nine-days", headers=spanish).text
    assert '<html lang="en"' in client.get("/x", headers={"Accept-Language": "tlh"}).text


def test_an_error_page_does_not_repeat_the_address(app: Flask, campaign: Campaign) -> None:
    """A donor who asks for help sends a picture of the page, or its text."""
    client = app.test_client()
    rules = [rule for rule in app.url_map.iter_rules() if SECRET_PARTS & rule.arguments]
    shown = 0
    for rule in rules:
        for method in ("GET", "POST"):
            path = f"{address(rule, 's3cret-T0ken')}?again=s3cret-T0ken"
            answer = client.open(path, method=method)
            if f"Error {answer.status_code}" in answer.text:
                shown += 1
                assert "s3cret" not in answer.text + str(answer.headers), rule
    assert shown >= 5
