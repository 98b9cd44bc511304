"""Sessions of the donor page: the origin of its forms, and its cookie."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import time_machine
from flask import Flask
from flask.testing import FlaskClient

from campaign import create_app
from campaign.core.clock import now
from campaign.runtime.context import Installation
from sandbox.outbox.receiver import MailReceiver
from tests.support.donor_portal import ANA, mailed_link, open_donor_page, send
from tests.support.stripe import Facts


def test_a_form_without_its_token_or_from_another_site_changes_nothing(
    client: FlaskClient, paid: Facts, mailing: Installation, mailbox: MailReceiver
) -> None:
    open_donor_page(client, mailing, mailbox)
    forms = ("details", "address", "preferences", "export", "erasure", "erasure/withdraw")
    gift = paid.donation.public_id
    paths = [f"/me/{one}" for one in (*forms, f"receipts/{gift}", f"wall/{gift}")]
    for path in paths:
        assert client.post(path).status_code == 400
        assert client.post(path, data={"csrf_token": "é" * 64}).status_code == 400
        foreign = {"Sec-Fetch-Site": "cross-site"}
        assert client.post(path, headers=foreign).status_code == 403
    ended = client.post("/me/finish", headers={"Origin": "https://elsewhere.example"})
    assert ended.status_code == 403
    assert "Gift history" in client.get("/me").text


def test_signing_out_closes_the_page_and_clears_the_browser(
    app: Flask, paid: Facts, mailing: Installation, mailbox: MailReceiver
) -> None:
    client = app.test_client()
    open_donor_page(client, mailing, mailbox)
    cookie = client.get_cookie("donor")
    assert cookie is not None
    answer = client.post("/me/finish")
    assert (answer.status_code, answer.location) == (303, "/me/finished")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get_cookie("donor") is None
    client.set_cookie("donor", cookie.value)
    assert "Gift history" not in client.get("/me").text
    assert client.post("/me/finish").status_code == 303


def test_with_https_the_cookie_is_limited_to_this_host(
    installation: Installation, paid: Facts, mailing: Installation, mailbox: MailReceiver
) -> None:
    secure: dict[str, Any] = {"base_url": "https://give.example.org"}
    settings = replace(installation.settings, site_url=secure["base_url"])
    client = create_app(replace(installation, settings=settings)).test_client()
    client.post("/me", data={"email": ANA}, **secure).close()
    path = mailed_link(mailing, mailbox)
    answer = client.post(path, **secure)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-donor=")
    assert cookie.endswith("; Secure; HttpOnly; Path=/; SameSite=Lax")
    assert "Gift history" in client.get("/me", **secure).text


def test_a_form_of_another_session_is_refused(
    app: Flask, paid: Facts, mailing: Installation, mailbox: MailReceiver
) -> None:
    first, second = app.test_client(), app.test_client()
    tokens: list[str] = []
    for number, client in enumerate((first, second)):
        with time_machine.travel(now() + timedelta(minutes=number)):
            page = open_donor_page(client, mailing, mailbox)
        tokens += set(re.findall(r'name="csrf_token" value="([0-9a-f]+)"', page))
    assert len(tokens) == 2
    foreign = {"csrf_token": tokens[0]}
    assert second.post("/me/erasure/withdraw", data=foreign).status_code == 400
    assert first.post("/me/erasure/withdraw", data=foreign).status_code == 303


def test_without_a_session_the_link_form_opens_in_the_same_language(
    client: FlaskClient,
) -> None:
    client.set_cookie("donor", "guessed")
    for path in ("/me/details", "/me/erasure", "/me/statements/2025.pdf"):
        assert client.get(path).location == "/me"
        assert client.get(f"{path}?lang=es").location == "/me?lang=es"
    assert client.post("/me/details", data={"lang": "es"}).location == "/me?message=closed&lang=es"


def test_no_page_below_it_is_cached(
    client: FlaskClient, paid: Facts, mailing: Installation, mailbox: MailReceiver
) -> None:
    open_donor_page(client, mailing, mailbox)
    for path in ("/me", "/me/sent", "/me/details", "/me/erasure", "/me/link/guessed"):
        answer = client.get(path)
        assert answer.headers["Cache-Control"] == "no-store", path
        assert answer.headers["Referrer-Policy"] == "same-origin", path
        assert "noindex" in answer.headers["X-Robots-Tag"], path


def test_changes_are_rate_limited_by_donor_and_not_by_address(
    client: FlaskClient, app: Flask, paid: Facts, mailing: Installation, mailbox: MailReceiver
) -> None:
    open_donor_page(client, mailing, mailbox)
    statuses = [send(client, "/me/erasure/withdraw").status_code for _ in range(31)]
    assert statuses == [303] * 30 + [429]
    assert client.get("/me").status_code == 200
