"""Addresses with parts that no parser expects: a page or a refusal, never a page with status 500."""

from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import IntegerConverter, Rule

from campaign.models import Campaign, StaffRole
from campaign.runtime.context import Installation
from tests.support.api_tokens import EVERYTHING, bearer
from tests.support.routes import address, pages
from tests.support.staff import StaffMaker

URLS = [
    *("http://[::1/c/x", "http://[", "//[", "http://a:b/c/x", "http://a:99999999/c/x"),
    *("http://\u2100/c/x", "http://localhost/c/x?lang=[", "http://localhost/c/%ff", "\x00", "]["),
]
NUMBERS = [
    *(
        "9" * 30,
        "9" * 4000,
        "-1",
        "0",
        "1e999",
        "NaN",
        "²",
        "٣",
        "0x10",
        " ",
        "",
        "9223372036854775808",
    ),
    *("2026-02-30", "0000-00-00", "9999-12-31", "99999-01-01", "[", "\x00", "\ud83d"),
]
NAMES = (
    *("before", "after", "since", "until", "from", "to", "part", "page", "maxwidth", "maxheight"),
    *(
        "code",
        "amount",
        "frequency",
        "lang",
        "month",
        "year",
        "q",
        "with",
        "key",
        "limit",
        "cursor",
    ),
    *("state", "campaign", "action", "actor", "name", "token", "next", "url", "form", "every"),
)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    "prefix", ["/oembed?url=", "/staff/sign-in?next=", "/c/nine-days/embed?code="]
)
def test_an_odd_url_is_refused_or_ignored(
    client: FlaskClient, campaign: Campaign, prefix: str, url: str
) -> None:
    assert client.get(prefix + quote(url, safe="")).status_code < 500


@pytest.mark.parametrize("origin", [*URLS[:6], "null", "http://", "http://localhost:abc"])
def test_an_odd_origin_is_another_site(
    client: FlaskClient, campaign: Campaign, origin: str
) -> None:
    headers = {"Origin": origin.encode("unicode_escape").decode()}
    assert client.post("/c/nine-days/donate", headers=headers).status_code == 403


def odd_queries(target: str) -> list[str]:
    """Return the address with each odd number for all names at once."""
    return [
        f"{target}?" + "&".join(f"{name}={quote(number, errors='replace')}" for name in NAMES)
        for number in NUMBERS
        if len(number) < 100
    ]


def odd_paths(rule: Rule) -> list[str]:
    """Return the address with numbers that no row has."""
    if not any(isinstance(one, IntegerConverter) for one in rule._converters.values()):
        return []
    path = address(rule, "x")
    return [
        path.replace("/1", f"/{number}", 1) for number in ("9" * 30, "0", "9223372036854775808")
    ]


def test_odd_parts_of_any_public_address_are_no_error_of_ours(
    app: Flask, client: FlaskClient, campaign: Campaign, installation: Installation
) -> None:
    token = bearer(installation, *EVERYTHING)
    failed = [
        target
        for rule in pages(app)
        if not rule.rule.startswith("/staff")
        for target in (*odd_paths(rule), *odd_queries(address(rule, "x")))
        if client.get(target, headers=token).status_code >= 500
        and not target.startswith("/oembed?")  # 501: another format than JSON
    ]
    assert failed == []


def test_odd_parts_of_any_staff_address_are_no_error_of_ours(
    app: Flask, campaign: Campaign, staff: StaffMaker
) -> None:
    admin = staff(StaffRole.admin)
    failed = [
        target
        for rule in pages(app)
        if rule.rule.startswith("/staff") and "sign-out" not in rule.rule
        for target in (*odd_paths(rule), *odd_queries(address(rule, "x")))
        if admin.get(target).status_code >= 500
    ]
    assert failed == []


@pytest.mark.parametrize("number", [*NUMBERS, "9" * 5000, "000001" + "0" * 30])
def test_an_odd_number_in_a_form_is_no_error_of_ours(
    campaign: Campaign, staff: StaffMaker, number: str
) -> None:
    admin = staff(StaffRole.admin)
    number = number.encode("utf-8", "replace").decode()
    forms = {
        "/staff/c/nine-days/matching": ("sponsor", "pool", "ratio", "cap", "cap_per_donor"),
        "/staff/offline": ("batch", "amount", "received_on", "postmarked_on", "kind", "donor"),
        "/staff/donors/1/merge": ("with", "kept"),
        "/staff/suppressions/refused": ("since", "expected", "reason"),
        "/staff/webhooks": ("url",),
        "/staff/deposits": ("name", "currency"),
        "/staff/tokens": ("days", "name"),
    }
    for path, names in forms.items():
        answer = admin.post_form(path, dict.fromkeys(names, number))
        assert answer.status_code < 500, (path, number[:40])
