"""Passkeys in a real browser with a virtual authenticator: add one, sign in with it, use it as the second factor."""

from collections.abc import Callable, Iterator
from threading import Thread

import pytest
from flask import Flask
from playwright.sync_api import CDPSession, Page, expect
from werkzeug.serving import make_server

from campaign.auth.policies import STAFF_LINK
from campaign.auth.staff import make_staff_link
from campaign.core.clock import now
from campaign.models import StaffRole
from campaign.runtime.context import Installation
from tests.support.accessibility import no_findings
from tests.support.staff import add_staff

pytestmark = pytest.mark.browser


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Serve under a host name: a passkey is bound to one, and cannot be bound to an IP address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://localhost:{server.port}"
    server.shutdown()
    thread.join()


def authenticator(page: Page) -> tuple[CDPSession, str]:
    """A virtual authenticator in the browser that verifies its user."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session, made["authenticatorId"]


def sign_out(page: Page, address: str) -> None:
    page.goto(f"{address}/staff/account")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_passkey_signs_in_and_is_the_second_factor_of_a_link(
    open_page: Callable[..., Page], address: str, installation: Installation
) -> None:
    member, path = add_staff(installation, StaffRole.finance)
    page = open_page(address + path, viewport={"width": 360, "height": 800})
    session, device = authenticator(page)
    no_findings(page)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{address}/staff/")
    page.goto(f"{address}/staff/account/passkeys")
    page.get_by_label("Name").fill("Blue key")
    no_findings(page)
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("status")).to_have_text("Passkey “Blue key” added.")
    expect(page.get_by_role("button", name="Generate recovery codes")).to_be_visible()
    no_findings(page)

    sign_out(page, address)
    no_findings(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{address}/staff/")
    page.goto(f"{address}/staff/account")
    expect(page.get_by_role("row", name="This session")).to_contain_text("passkey")

    sign_out(page, address)
    with installation.sessions.begin() as database:
        path = make_staff_link(database, member, "test", now(), STAFF_LINK)
    page.goto(address + path)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Second factor")
    no_findings(page)
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{address}/staff/")
    page.goto(f"{address}/staff/account")
    expect(page.get_by_role("row", name="This session")).to_contain_text("link and passkey")

    sign_out(page, address)
    unverified = {"authenticatorId": device, "isUserVerified": False}
    session.send("WebAuthn.setUserVerified", unverified)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was chosen")
