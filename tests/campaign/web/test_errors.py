"""Errors as pages: in the reader's language, with the way on, and nothing of our inside."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from campaign.core.errors import NotFound
from campaign.models import Campaign


@pytest.mark.parametrize(
    ("path", "accepted", "told"),
    [
        ("/c/unknown", "", "There is nothing at this address"),
        ("/c/unknown?lang=es", "", "No hay nada en esta dirección"),
        ("/c/unknown", "es-MX,es;q=0.9", "No hay nada en esta dirección"),
        ("/c/unknown?lang=en", "es", "There is nothing at this address"),
        ("/staff/unknown?lang=es", "es", "There is nothing at this address"),
    ],
)
def test_an_error_speaks_to_the_browser(
    client: FlaskClient, path: str, accepted: str, told: str
) -> None:
    answer = client.get(path, headers={"Accept-Language": accepted})
    assert answer.status_code == 404
    assert told in answer.text


def test_what_is_too_large_is_refused_in_the_language_of_the_address(
    client: FlaskClient, campaign: Campaign
) -> None:
    answer = client.post("/c/nine-days/remind?lang=es", data={"email": "x" * 100_000})
    assert answer.status_code == 413
    assert "Eso era demasiado grande" in answer.text


@pytest.fixture
def broken(app: Flask) -> FlaskClient:
    """Addresses that fail in each way."""

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
        ("database", 503, "We cannot answer right now"),
        ("pool", 503, "We cannot answer right now"),
        ("missing", 404, "There is nothing at this address"),
        ("unexpected", 500, "Something went wrong on our side"),
    ],
)
def test_a_fault_is_told_in_words_and_nothing_of_our_inside(
    broken: FlaskClient, how: str, status: int, words: str
) -> None:
    answer = broken.get(f"/broken/{how}")
    assert (answer.status_code, words in answer.text) == (status, True)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers.get("Retry-After") == ("30" if status == 503 else None)
    for inside in ("hunter2", "Traceback", "SELECT"):
        assert inside not in answer.text
    told = broken.get(f"/api/v1/broken/{how}")
    assert (told.status_code, told.mimetype) == (status, "application/problem+json")
    assert "hunter2" not in told.text


def test_an_address_that_no_database_can_hold_is_not_there(
    client: FlaskClient, campaign: Campaign
) -> None:
    for path in ("/c/%00", "/%00", "/staff/c/%00", "/api/v1/campaigns/%00"):
        assert client.get(path).status_code == 404, path


def test_a_wrong_method_says_which_are_right_and_leads_back(
    client: FlaskClient, campaign: Campaign
) -> None:
    answer = client.get("/c/nine-days/donate?lang=es")
    assert answer.status_code == 405
    assert answer.allow == {"OPTIONS", "POST"}
    assert answer.content_type == "text/html; charset=utf-8"
    assert 'href="/?lang=es"' in answer.text


def test_the_browsers_language_counts_for_errors_alone(
    client: FlaskClient, campaign: Campaign
) -> None:
    spanish = {"Accept-Language": "es"}
    assert '<html lang="es"' in client.get("/c/unknown", headers=spanish).text
    assert '<html lang="en"' in client.get("/c/nine-days", headers=spanish).text
    assert '<html lang="en"' in client.get("/x", headers={"Accept-Language": "tlh"}).text
