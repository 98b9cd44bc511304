"""A working day of staff in a browser: sign in with an authenticator app, enter a check, refund, extend the deadline.

And every page of theirs, at both widths and in both color schemes, without a finding.
"""

import base64
import hashlib
import hmac
import struct
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import requests
from playwright.sync_api import Browser, Page, StorageState, expect

from campaign.core.clock import now
from tests.journeys.conftest import Running
from tests.journeys.test_giving import fill_appeal, give, pay
from tests.journeys.test_pages import WIDTHS
from tests.support.accessibility import no_findings
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser
Open = Callable[..., Page]

EMAIL = "admin@newsroom.example"
PASSWORD = "four herons over the slipway"
SLUG = "winter-drive"


def code_of(key: str, at: float) -> str:
    """Return the time-based code (RFC 6238) that an authenticator app shows for `key`."""
    characters = key.replace("-", "").replace(" ", "")
    secret = base64.b32decode(characters + "=" * (-len(characters) % 8))
    digest = hmac.new(secret, struct.pack(">Q", int(at) // 30), hashlib.sha1).digest()
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


@pytest.fixture(scope="package")
def admin(running: Running, browser: Browser) -> StorageState:
    """The browser of an admin who used the printed link, set a password and set up an authenticator app."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(running.staff)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/staff/")
    page.goto(f"{running.appeal}/staff/account/password")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Save password").click()
    expect(page.get_by_role("status")).to_contain_text("Password saved")
    page.goto(f"{running.appeal}/staff/account/authenticator")
    key = page.locator("code.key").inner_text()
    used = time.time()
    page.get_by_label("Code").fill(code_of(key, used))
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", name="Recovery codes").first).to_be_visible()
    page.get_by_role("banner").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto(f"{running.appeal}/staff/donations")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    # A code works only once, so use the code of the next half minute, or of a later one on a busy machine.
    page.get_by_label("Code").fill(code_of(key, max(used + 30, time.time())))
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/staff/donations")
    state = context.storage_state()
    context.close()
    return state


def raised(running: Running) -> int:
    return requests.get(f"{running.appeal}/c/{SLUG}/progress.json", timeout=60).json()["raised"]


@pytest.fixture(scope="package")
def drive(running: Running, browser: Browser, admin: StorageState) -> str:
    """A campaign that the admin created, with a gift of $25 by card."""
    context = browser.new_context(storage_state=admin)
    page = context.new_page()
    page.goto(f"{running.appeal}/staff/campaigns/new")
    page.get_by_label("Title").fill("A winter of free news")
    page.get_by_label("Name in the web address").fill(SLUG)
    page.locator("#goal").fill("10,000")
    page.locator("#deadline").fill(str(now().date() + timedelta(days=40)))
    page.locator("#appeal").fill("The river **freezes**, and somebody must write it down.")
    page.get_by_role("button", name="Create campaign").click()
    expect(page.get_by_text("Created “A winter of free news”")).to_be_visible()
    page.goto(f"{running.appeal}/c/{SLUG}")
    fill_appeal(page, "river@example.org")
    give(page)
    pay(page)
    page.wait_for_url("**/donations/**")
    context.close()
    wait_until(lambda: raised(running) == 2500)
    return SLUG


def test_a_check_a_refund_and_a_deadline_appear_in_the_log_and_in_public(
    running: Running, open_page: Open, admin: StorageState, drive: str
) -> None:
    # The staff page reads the ledger; a web process may lag by the second that the public page's headers allow.
    page = open_page(f"{running.appeal}/staff/c/{SLUG}/dashboard", storage_state=admin)
    before = int(page.locator("#standing").get_attribute("data-raised") or "0")
    page.goto(f"{running.appeal}/staff/offline")
    check = {
        "Amount": "40",
        "Check number": "1207",
        "Code": SLUG.upper(),
        "Name": "Rosa Lindqvist",
        "Street": "4 Mill Lane",
    }
    for label, text in check.items():
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_role("button", name="Save gift").click()
    expect(page.get_by_role("cell", name="$40")).to_be_visible()
    wait_until(lambda: raised(running) == before + 4000)

    page.goto(f"{running.appeal}/staff/donations?q=river@example.org")
    page.locator("table.data tbody a").first.click()
    page.wait_for_url("**/staff/donations/don_*")
    page.get_by_role("link", name="Refund").first.click()
    page.get_by_label("Amount").fill("10")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Refund $10").dblclick()
    # The second click replaces the first, and both lead here.
    page.wait_for_url("**#refunds")
    wait_until(lambda: raised(running) == before + 3000)

    later = now().date() + timedelta(days=45)
    page.goto(f"{running.appeal}/staff/c/{SLUG}/deadline")
    page.get_by_label("deadline").fill(str(later))
    page.get_by_label("reason").fill("the mail was late for a week")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Extend the deadline").click()
    expect(page.get_by_role("status")).to_contain_text("Extended on")

    page.goto(f"{running.appeal}/staff/audit")
    for words in (
        "offline gift entered",
        "donation refunded",
        "deadline extended",
        "campaign created",
    ):
        expect(page.get_by_role("rowheader", name=words)).to_have_count(1)
    expect(page.get_by_role("cell", name=EMAIL).first).to_be_visible()

    address = f"{running.appeal}/c/{SLUG}"
    wait_until(lambda: "the mail was late" in requests.get(address, timeout=60).text)
    public = open_page(address)
    expect(public.locator("[data-part=raised]")).to_have_text(f"${before // 100 + 30}")
    expect(public.get_by_text("because the mail was late for a week")).to_be_visible()
    dashboard = open_page(f"{running.appeal}/staff/c/{SLUG}/dashboard", storage_state=admin)
    expect(dashboard.locator("#standing")).to_have_attribute("data-raised", str(before + 3000))


def test_the_dashboard_updates_automatically(
    running: Running, open_page: Open, admin: StorageState, drive: str
) -> None:
    page = open_page(f"{running.appeal}/staff/c/{SLUG}/dashboard", storage_state=admin)
    before = int(page.locator("#standing").get_attribute("data-raised") or "0")
    page.context.new_page().goto(f"{running.appeal}/c/{SLUG}")
    giving = page.context.pages[-1]
    fill_appeal(giving, "second@example.org", "$10")
    give(giving)
    pay(giving)
    giving.wait_for_url("**/donations/**")
    page.bring_to_front()
    expect(page.locator("#standing")).to_have_attribute("data-raised", str(before + 1000))


PATHS = (
    "/staff/",
    "/staff/donations",
    "/staff/donors",
    "/staff/subscribers",
    "/staff/subscribers/segments",
    "/staff/subscribers/new",
    "/staff/subscribers/do-not-email",
    "/staff/subscribers/do-not-email/refused",
    "/staff/mail",
    "/staff/mail/resend",
    "/staff/mail/preview/",
    "/staff/mail/preview/receipt",
    "/staff/offline",
    "/staff/offline/import",
    "/staff/offline/deposits",
    "/staff/moving-in",
    "/staff/campaigns",
    "/staff/campaigns/new",
    f"/staff/c/{SLUG}",
    f"/staff/c/{SLUG}/dashboard",
    f"/staff/c/{SLUG}/edit",
    f"/staff/c/{SLUG}/appearance",
    f"/staff/c/{SLUG}/texts/es",
    f"/staff/c/{SLUG}/schedule",
    f"/staff/c/{SLUG}/emails",
    f"/staff/c/{SLUG}/emails/three_days",
    f"/staff/c/{SLUG}/matching",
    f"/staff/c/{SLUG}/direct-mail",
    f"/staff/c/{SLUG}/report",
    "/staff/books",
    "/staff/exports",
    "/staff/reconciliations",
    "/staff/reconciliations/settled",
    "/staff/account-payments",
    "/staff/payouts",
    f"/staff/books/{now():%Y-%m}",
    "/staff/audit",
    "/staff/api-tokens",
    "/staff/webhooks",
    "/staff/wall",
    "/staff/branding",
    "/staff/team",
    "/staff/account",
    "/staff/sign-in",
)


@pytest.mark.parametrize(("width", "scheme"), [("phone", "dark"), ("desk", "light")])
def test_no_staff_page_has_a_finding(
    running: Running, open_page: Open, admin: StorageState, drive: str, width: str, scheme: str
) -> None:
    page = open_page(
        "about:blank", viewport=WIDTHS[width], color_scheme=scheme, storage_state=admin
    )
    for path in PATHS:
        answer = page.goto(running.appeal + path)
        assert answer is not None
        assert answer.status == 200, path
        no_findings(page)


LIST = b"""Email Address,First Name,OPTIN_TIME,CONFIRM_TIME,TIMEZONE,LEID,EUID
%(name)s@reader.test,Ana,2024-03-01 17:00:00,2024-03-01 17:02:11,America/Los_angeles,1,a
%(name)s-2@reader.test,Bo,2024-03-01 17:00:00,2024-03-01 17:02:11,Moon/Tranquility,2,b
nobody,Cy,,,,3,c
"""


@pytest.mark.parametrize("width", WIDTHS)
def test_a_list_of_another_system_moves_in(
    running: Running, open_page: Open, admin: StorageState, width: str
) -> None:
    page = open_page(
        f"{running.appeal}/staff/moving-in", storage_state=admin, viewport=WIDTHS[width]
    )
    content = LIST % {b"name": width.encode()}
    file = {"name": "members.csv", "mimeType": "text/csv", "buffer": content}
    page.get_by_label("File", exact=True).set_input_files([file])
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("heading", name="What an import would do")).to_be_visible()
    expect(page.get_by_text("read as Mailchimp")).to_be_visible()
    no_findings(page)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", name="Imported")).to_be_visible()
    no_findings(page)
    page.goto(f"{running.appeal}/staff/moving-in")
    no_findings(page)


def test_a_donation_and_a_donor_have_pages_without_a_finding(
    running: Running, open_page: Open, admin: StorageState, drive: str
) -> None:
    page = open_page(
        f"{running.appeal}/staff/donations", storage_state=admin, viewport=WIDTHS["phone"]
    )
    page.locator("table.data tbody a").first.click()
    page.wait_for_url("**/staff/donations/don_*")
    no_findings(page)
    page.goto(f"{running.appeal}/staff/donors")
    page.locator("table.data tbody a").first.click()
    page.wait_for_url("**/staff/donors/*")
    no_findings(page)


@pytest.mark.parametrize("width", ["phone", "desk"])
def test_the_evidence_about_a_dispute_is_read_and_downloaded(
    running: Running, open_page: Open, admin: StorageState, drive: str, width: str
) -> None:
    email = f"{width}@example.org"
    giving = open_page(f"{running.appeal}/c/{SLUG}")
    fill_appeal(giving, email, "$10")
    give(giving)
    pay(giving, "4000 0000 0000 0259")
    giving.wait_for_url("**/donations/**")
    page = open_page(
        f"{running.appeal}/staff/donations?q={email}",
        storage_state=admin,
        viewport=WIDTHS[width],
    )
    page.locator("table.data tbody a").first.click()
    page.wait_for_url("**/staff/donations/don_*")
    evidence = page.get_by_role("link", name="Evidence about du_")
    wait_until(lambda: page.reload() is not None and evidence.count() == 1)
    no_findings(page)
    evidence.click()
    expect(page.get_by_label("Additional information")).to_contain_text(email)
    no_findings(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the PDF").click()
    assert download.value.suggested_filename.startswith("evidence-du_")
