"""No answer takes anything from the host that a request names: every page is asked with hostile ones."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from campaign import create_app
from campaign.models import Campaign, StaffRole
from campaign.runtime.context import Installation
from campaign.web.site_address import is_this_machine, names_this_machine
from tests.support.api_tokens import EVERYTHING, bearer
from tests.support.routes import address, pages
from tests.support.staff import StaffClient, add_staff

EVIL = "evil.example"
HOSTS = [
    EVIL,
    f"{EVIL}:8443",
    f"give.example.org.{EVIL}",
    f"give.example.org@{EVIL}",
    f"user:give.example.org@{EVIL}",
    f"{EVIL}/give.example.org",
    f"{EVIL}#give.example.org",
    f"give.example.org, {EVIL}",
    f"[{EVIL}]",
    "[::1",
    f"127.0.0.1:8000@{EVIL}",
    f"localhost.{EVIL}",
    f"{EVIL}\\give.example.org",
    f"{EVIL}:port",
    f"<b>{EVIL}</b>",
]
CLAIMS = {
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Server": EVIL,
    "X-Forwarded-Port": "8443",
    "X-Forwarded-Proto": "evil.example://",
    "X-Forwarded-Prefix": f"//{EVIL}",
    "X-Host": EVIL,
    "X-Original-Host": EVIL,
    "X-Original-Url": f"//{EVIL}/",
    "X-Rewrite-Url": f"//{EVIL}/",
    "X-Script-Name": f"//{EVIL}",
    "Forwarded": f"host={EVIL};proto=https",
    "Base-Url": f"https://{EVIL}",
}


@pytest.fixture
def https(installation: Installation) -> Iterator[Flask]:
    settings = replace(
        installation.settings, site_url="https://give.example.org", trusted_proxies=1
    )
    made = create_app(replace(installation, settings=settings))
    made.add_url_rule("/whom", view_func=whom)
    yield made
    made.extensions["live"].close()
    made.extensions["visits"].close()


def whom() -> dict[str, str]:
    return {"host": request.host, "url": request.url, "root": request.url_root}


@pytest.fixture
def targets(https: Flask) -> list[str]:
    """Every page, as it is, with a slash at its end and with two in it: those lead to a redirect."""
    found = [address(rule, "x") for rule in pages(https)]
    odd = [f"{path}/" for path in found] + [
        path.replace("/", "//") for path in found if path != "/"
    ]
    asked = ["/oembed?url=https://give.example.org/c/nine-days", "/nowhere", f"//{EVIL}/nowhere"]
    return [*found, *odd, *asked, f"//{EVIL}/c/nine-days", f"/%2f{EVIL}/", f"/\\{EVIL}/"]


def leads_to_evil(answer: TestResponse) -> bool:
    """Return whether a header or the page names the host, other than as a path that was asked for."""
    headers = " ".join(f"{name}: {value}" for name, value in answer.headers)
    text = headers + answer.get_data().decode("utf-8", "replace")
    return any(
        f"{mark}{EVIL}" in text for mark in ("//", "\\", "@", "host=", "=", '"', "'", ".", ">")
    )


def every_answer(client: FlaskClient, targets: list[str], **headers: str) -> Iterator[str]:
    """Yield each target whose answer leads to the host; all 15 hosts are asked for, one a target and all for some."""
    for number, target in enumerate(targets):
        some = HOSTS if target in ("/", "/c/nine-days/embed") else [HOSTS[number % len(HOSTS)]]
        for host in some:
            answer = client.get(target, headers={**CLAIMS, **headers, "Host": host})
            assert answer.status_code < 500, (target, host)
            if leads_to_evil(answer):
                yield f"{target} {host}"


def test_no_page_leads_to_the_host_that_was_named(
    https: Flask, campaign: Campaign, targets: list[str]
) -> None:
    assert list(every_answer(https.test_client(), targets)) == []


def test_no_page_of_staff_or_the_api_does_either(
    https: Flask, campaign: Campaign, installation: Installation, targets: list[str]
) -> None:
    client = StaffClient(https, https.response_class, use_cookies=True)
    client.member, link = add_staff(installation, StaffRole.admin)
    client.open_link(link)
    mine = [each for each in targets if each.lstrip("/").startswith("staff")]
    assert list(every_answer(client, mine)) == []
    api = [each for each in targets if each.lstrip("/").startswith("api")]
    assert list(every_answer(https.test_client(), api, **bearer(installation, *EVERYTHING))) == []


@pytest.mark.parametrize("host", HOSTS)
def test_the_host_is_the_one_of_the_site(https: Flask, host: str) -> None:
    shown = https.test_client().get("/whom", headers={**CLAIMS, "Host": host}).get_json()
    assert shown == {
        "host": "give.example.org",
        "url": "https://give.example.org/whom",
        "root": "https://give.example.org/",
    }


def test_forms_refused_or_accepted_do_not_depend_on_the_host(
    https: Flask, campaign: Campaign
) -> None:
    """An attacker's page posts to us and names its own host: not ours, so it is refused."""
    headers = {"Origin": f"https://{EVIL}", "Host": EVIL, "X-Forwarded-Host": EVIL}
    answer = https.test_client().post("/c/nine-days/donate", data={}, headers=headers)
    assert answer.status_code == 403


def test_the_embedded_unit_asks_this_site(https: Flask, campaign: Campaign) -> None:
    page = https.test_client().get("/c/nine-days/embed", headers={"Host": EVIL}).text
    assert 'home="https://give.example.org"' in page


def test_on_a_developers_machine_its_other_names_are_the_site_too(
    app: Flask, campaign: Campaign
) -> None:
    client = app.test_client()
    for host in ("localhost:8000", "127.0.0.1:5000", "[::1]:8000"):
        page = client.get("/c/nine-days/embed", headers={"Host": host}).text
        assert f'home="http://{host}"' in page
    for host in HOSTS:
        assert EVIL not in client.get("/c/nine-days/embed", headers={"Host": host}).text


def test_only_the_loopback_addresses_and_their_name_are_this_machine() -> None:
    for host in ("localhost", "127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"):
        assert is_this_machine(host), host
    for host in ("", "10.0.0.1", "localhost.", "127.1", "0x7f000001", "128.0.0.1", "::2", "evil"):
        assert not is_this_machine(host), host
    assert names_this_machine("localhost:80")
    assert not any(names_this_machine(host) for host in (*HOSTS, "", None, "localhost/", "a:b:c"))
