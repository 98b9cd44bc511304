"""A donor gives in a real browser: appeal, Stripe's page, thank-you page, receipt, and a live progress bar."""

import time
from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Running
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser
Open = Callable[..., Page]


def fill_appeal(page: Page, email: str, amount: str = "$25") -> None:
    page.get_by_label(amount, exact=True).check(force=True)
    page.get_by_label("Email", exact=True).fill(email)
    page.locator("#name").fill("Ana Reyes")


def give(page: Page, button: str = "Review") -> None:
    """Go from the filled-in form through the review to Stripe's page."""
    page.get_by_role("button", name=button).click()
    page.get_by_role("button", name="Give").click()
    page.wait_for_url("**/c/pay/**")


def pay(page: Page, card: str = "4242 4242 4242 4242") -> None:
    page.locator("#card-number").fill(card)
    page.locator("#card-expiry").fill("12 / 34")
    page.locator("#card-cvc").fill("123")
    page.locator("#card-name").fill("Ana Reyes")
    page.locator("#pay").click()


def raised(running: Running) -> int:
    """Return the figure when it no longer changes. A web process may lag by the second that its headers allow."""
    seen: list[int] = []
    while len(seen) < 5 or len(set(seen[-5:])) > 1:
        found = requests.get(f"{running.appeal}/c/nine-days/progress.json", timeout=60).json()
        seen.append(int(found["raised"]))
        time.sleep(0.25)
    return seen[-1]


def emails_to(running: Running, address: str) -> list[dict[str, str]]:
    return [email for email in running.emails() if address in email["to"]]


def test_a_gift_moves_the_bar_in_another_window_and_one_receipt_arrives(
    running: Running, open_page: Open
) -> None:
    before = raised(running)
    watching = open_page(running.appeal)
    giving = open_page(running.appeal)
    fill_appeal(giving, "ana@example.org")
    give(giving, "Review and give $25")
    pay(giving)
    giving.wait_for_url("**/donations/**")
    expect(giving.get_by_role("heading", name="Thank you")).to_be_visible()
    expected = f"${(before + 2500) // 100:,}"
    expect(watching.locator("[data-part=raised]")).to_have_text(expected)
    assert raised(running) == before + 2500
    wait_until(lambda: emails_to(running, "ana@example.org"))
    (email,) = emails_to(running, "ana@example.org")
    giving.get_by_role("link", name="View your receipt").click()
    expect(giving.get_by_role("heading", level=1)).to_contain_text("Receipt")
    assert giving.get_by_role("heading", level=1).inner_text().split()[-1] in email["subject"]


def test_a_monthly_gift_without_javascript(running: Running, open_page: Open) -> None:
    before = raised(running)
    page = open_page(running.appeal, java_script_enabled=False)
    fill_appeal(page, "ben@example.org", "$10")
    page.get_by_label("Monthly").check(force=True)
    give(page)
    pay(page)
    page.wait_for_url("**/donations/**")
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    expect(page.get_by_text("Every month", exact=True)).to_be_visible()
    assert raised(running) == before + 1000


def test_a_declined_card_can_be_followed_by_a_good_one(running: Running, open_page: Open) -> None:
    before = raised(running)
    page = open_page(running.appeal)
    fill_appeal(page, "cora@example.org", "$50")
    give(page)
    pay(page, "4000 0000 0000 0002")
    expect(page.locator("#card-number")).to_be_visible()
    assert raised(running) == before
    pay(page)
    page.wait_for_url("**/donations/**")
    assert raised(running) == before + 5000


def test_a_card_with_3d_secure(running: Running, open_page: Open) -> None:
    before = raised(running)
    page = open_page(running.appeal)
    fill_appeal(page, "dan@example.org")
    give(page)
    pay(page, "4000 0027 6000 3184")
    page.locator("#challenge-complete").click()
    page.wait_for_url("**/donations/**")
    assert raised(running) == before + 2500


def test_a_bank_debit_is_shown_as_pending(running: Running, open_page: Open) -> None:
    before = raised(running)
    page = open_page(running.appeal)
    fill_appeal(page, "eve@example.org", "$100")
    give(page)
    page.get_by_role("button", name="Fill 000123456789").click()
    page.locator("#pay").click()
    page.wait_for_url("**/donations/**")
    assert raised(running) == before
    watching = open_page(running.appeal)
    expect(watching.get_by_text("Another $100 in bank debits")).to_be_visible()


def test_going_back_from_stripe_keeps_the_form_filled_in(running: Running, open_page: Open) -> None:
    page = open_page(running.appeal)
    fill_appeal(page, "finn@example.org", "$50")
    page.get_by_label("Monthly").check(force=True)
    give(page)
    page.get_by_role("link", name="Back").click()
    page.wait_for_url("**/c/nine-days?**")
    expect(page.get_by_label("$50", exact=True)).to_be_checked()
    expect(page.get_by_label("Monthly")).to_be_checked()


def test_errors_are_listed_in_a_summary_that_takes_focus(running: Running, open_page: Open) -> None:
    page = open_page(running.appeal)
    page.get_by_label("Another amount").fill("1e9")
    page.locator("#email").fill("gus@example.org")
    page.locator("#name").fill("Gus")
    page.get_by_role("button", name="Review").click()
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("1e9")
    expect(page.locator("#name")).to_have_value("Gus")
