"""Who has their own page open: where its forms may come from, and what its cookie is."""

from dataclasses import replace
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from campaign import create_app
from campaign.runtime.context import Installation
from sandbox.outbox.receiver import MailReceiver
from tests.support.donor_portal import ANA, mailed_link, open_own_page
from tests.support.stripe import Facts


def test_a_form_without_its_token_or_from_another_site_changes_nothing(
    client: FlaskClient, paid: Facts, mailing: Installation, mailbox: MailReceiver
) -> None:
    open_own_page(client, mailing, mailbox)
    forms = ("details", "address", "appeals", "export", "erasure", "erasure/withdraw")
    gift = paid.donation.public_id
    paths = [f"/me/{one}" for one in (*forms, f"receipts/{gift}", f"wall/{gift}")]
    for path in paths:
        assert client.post(path).status_code == 400
        assert client.post(path, data={"csrf_token": "é" * 64}).status_code == 400
        foreign = {"Sec-Fetch-Site": "cross-site"}
        assert client.post(path, headers=foreign).status_code == 403
    ended = client.post("/me/finish", headers={"Origin": "https://elsewhere.example"})
    assert ended.status_code == 403
    assert "What you gave" in client.get("/me").text


def test_finishing_closes_the_page_and_clears_the_browser(
    app: Flask, paid: Facts, mailing: Installation, mailbox: MailReceiver
) -> None:
    client = app.test_client()
    open_own_page(client, mailing, mailbox)
    cookie = client.get_cookie("donor")
    assert cookie is not None
    answer = client.post("/me/finish")
    assert (answer.status_code, answer.location) == (303, "/me/finished")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get_cookie("donor") is None
    client.set_cookie("donor", cookie.value)
    assert "What you gave" not in client.get("/me").text
    assert client.post("/me/finish").status_code == 303


def test_with_https_the_cookie_is_of_this_host_alone(
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
    assert "What you gave" in client.get("/me", **secure).text
