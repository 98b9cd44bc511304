"""Addresses that are secrets: the table holds every route, and no spelling of one stays in a text."""

import secrets

import pytest
from flask import Flask
from werkzeug.routing import AnyConverter, IntegerConverter

from campaign.core.secret_addresses import (
    OPEN_PARTS,
    SECRET_PAGES,
    SECRET_PARTS,
    redact,
    redact_path,
    redact_report,
)
from tests.support.routes import address

SECRET = "s3cret-T0ken_x"


def test_every_part_of_an_address_is_known_to_be_a_secret_or_not(app: Flask) -> None:
    """For a new name, decide: name a secret `token` or `secret`, and its page in SECRET_PAGES."""
    names = {
        name
        for rule in app.url_map.iter_rules()
        for name, converter in rule._converters.items()
        if not isinstance(converter, IntegerConverter | AnyConverter)
    }
    assert names - SECRET_PARTS <= OPEN_PARTS
    assert names >= SECRET_PARTS
    assert OPEN_PARTS.isdisjoint(SECRET_PARTS)


def test_the_secret_of_every_route_is_left_out(app: Flask) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if SECRET_PARTS & rule.arguments]
    assert len(rules) > 10
    for rule in rules:
        path = address(rule, SECRET)
        assert SECRET in path
        for spelled in (
            path,
            f"{path}/",
            f"{path}?code=1",
            path.replace("/", "//"),
            path.replace("/", "%2F"),
            path.upper(),
            f"https://give.example.org{path}#x",
            f'GET {path} HTTP/1.1" 200',
            f"/staff/sign-in?next={path}",
            f"/%{ord(path[1]):02x}{path[2:]}",
            path.replace(SECRET, secrets.token_urlsafe(32) + SECRET),
        ):
            assert SECRET.lower() not in redact(spelled).lower(), spelled


def test_every_page_of_the_table_is_a_route(app: Flask) -> None:
    routes = {rule.rule for rule in app.url_map.iter_rules()} | {"/subscriptions/<token>"}
    for page in SECRET_PAGES:
        assert any(route.startswith(f"/{page}/<") for route in routes), page


@pytest.mark.parametrize(
    "text",
    [
        *("/", "/c/nine-days", "/staff/donations/don_1", "/api/v1/donations/don_1", "/donations"),
        *("/receipts", "100 % of /c/x", "a%20b", "/static/site.css?v=1", "/staff/donors/3"),
        *("", "no address at all", "donations/of/apples"),
    ],
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert redact(text) == text


def test_what_stands_before_the_secret_stays() -> None:
    assert redact("GET /receipts/abc.pdf HTTP/1.1") == "GET /receipts/- HTTP/1.1"
    assert redact('{"path": "/donations/abc/finish", "a": 1}') == '{"path": "/donations/-", "a": 1}'
    assert redact("/staff/sign-in/provider/back?code=abc&state=def") == (
        "/staff/sign-in/provider/back?code=-&state=-"
    )


def test_a_path_in_a_log_line_has_no_query_and_cannot_begin_another_line() -> None:
    assert redact_path("/c/x?email=ana@example.org") == "/c/x"
    assert redact_path('/c/x\n1.2.3.4 "GET') == "/c/x?1.2.3.4 ?GET"


def test_a_report_keeps_what_helps_and_none_of_what_the_reader_sent() -> None:
    report = {
        "request": {
            "url": f"https://give.example.org/receipts/{SECRET}",
            "method": "GET",
            "query_string": f"token={SECRET}",
            "headers": {"Referer": f"https://give.example.org/me/link/{SECRET}", "Cookie": SECRET},
            "cookies": {"donor": SECRET},
            "data": {"email": SECRET},
            "env": {"REMOTE_ADDR": SECRET},
        },
        "transaction": "/receipts/<token>",
        "breadcrumbs": {"values": [{"message": f"GET /donations/{SECRET}", "level": "info"}]},
        "exception": {"values": [{"type": "KeyError", "value": f"/unsubscribe/{SECRET}"}]},
        "number": 3,
    }
    kept = redact_report(report, {})
    assert SECRET not in str(kept)
    assert kept["request"] == {"url": "https://give.example.org/receipts/-", "method": "GET"}
    assert (kept["number"], kept["exception"]["values"][0]["type"]) == (3, "KeyError")
    assert redact_report({"message": "plain"}) == {"message": "plain"}
