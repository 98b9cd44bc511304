"""axe finds nothing on any page that readers and donors see, in each of its states and in both languages.

axe sees each page in each language, on each screen and in each color scheme, but no rule of it depends on two of these.
How wide the page is does, and is measured in every combination.
With `PICTURES=folder` in the environment each page is kept there as a picture, to be looked at.
"""

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from campaign.runtime.context import Installation
from sandbox.outbox.receiver import MailReceiver
from tests.campaign.web.accessibility.sample_pages import furnish
from tests.campaign.web.giving.test_unsubscribe import SentEmail, sent_email
from tests.campaign.web.giving.test_unsubscribe_in_browser import address
from tests.campaign.web.portal.test_subscriptions import stripe_api_base
from tests.support.accessibility import overflow, violations
from tests.support.donor_portal import ANA, mailed_link
from tests.support.monthly_gifts import Begin

pytestmark = pytest.mark.browser
__all__ = ["address", "sent_email", "stripe_api_base"]

EYES = {
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
    "desk": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
}
AXE = {("en", "phone"), ("es", "desk")}
SEND = "form[action*=donate] [type=submit]"


class Looking:
    """One pair of eyes on one page after another; what was found is kept for the end."""

    def __init__(self, page: Page, address: str, language: str, eyes: str) -> None:
        self.page, self.address, self.language, self.eyes = page, address, language, eyes
        self.faults: list[str] = []

    def go(self, name: str, path: str) -> None:
        joined = "&" if "?" in path else "?"
        self.page.goto(f"{self.address}{path}{joined}lang={self.language}")
        self.see(name)

    def see(self, name: str) -> None:
        """The page as it is, and with its text at twice the size."""
        page, shown = self.page, f"{name} ({self.language}, {self.eyes})"
        if (self.language, self.eyes) in AXE:
            self.faults += [f"{shown}: {one}" for one in violations(page)]
        self.faults += [f"{shown}: {one}" for one in overflow(page)]
        if page.locator("html").get_attribute("lang") != self.language:
            self.faults.append(f"{shown}: is not in its language")
        self._keep(f"{name}-{self.language}-{self.eyes}")
        if self.eyes == "desk":
            page.evaluate("document.documentElement.style.fontSize = '200%'")
            self.faults += [f"{shown}, text at twice its size: {one}" for one in overflow(page)]
            self._keep(f"{name}-{self.language}-200")

    def _keep(self, name: str) -> None:
        if folder := os.environ.get("PICTURES"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("language", ["en", "es"])
def test_every_page_in_each_of_its_states(
    open_page: Callable[..., Page],
    address: str,
    mailing: Installation,
    mailbox: MailReceiver,
    sent_email: SentEmail,
    begin: Begin,
    language: str,
    eyes: str,
) -> None:
    monthly = begin().token
    looking = Looking(open_page("about:blank", **EYES[eyes]), address, language, eyes)
    for place in furnish(mailing):
        looking.go(place.name, place.path)
    looking.go("monthly", f"/subscriptions/{monthly}")
    looking.go("monthly-end", f"/subscriptions/{monthly}/cancel")
    looking.go("unsubscribe", f"/unsubscribe/{sent_email()}")
    _the_form(looking)
    _the_donor_page(looking, mailing, mailbox)
    assert looking.faults == []


def _the_form(looking: Looking) -> None:
    """Sent empty, and reviewed with all that it has."""
    page = looking.page
    page.goto(f"{looking.address}/c/winter?lang={looking.language}")
    page.locator("#amount_other").fill("abc")
    page.locator(SEND).last.click()
    page.wait_for_selector("#errors")
    looking.see("form-with-faults")
    page.locator("#amount_other").fill("40")
    page.locator("#email").fill(ANA)
    page.locator("#name").fill("Ana Reyes")
    page.locator(SEND).last.click()
    page.wait_for_selector("form [name=step][value=change]")
    looking.see("review")


def _the_donor_page(looking: Looking, mailing: Installation, mailbox: MailReceiver) -> None:
    page = looking.page
    page.goto(f"{looking.address}/me?lang={looking.language}")
    page.locator("main form [type=submit]").click()
    page.wait_for_selector("[role=alert]")
    looking.see("me-ask-with-fault")
    page.locator("[type=email]").fill(ANA)
    page.locator("main form [type=submit]").click()
    page.wait_for_url("**/me/sent*")
    link = mailed_link(mailing, mailbox)
    looking.go("me-link", link)
    page.locator("main form [type=submit]").click()
    page.wait_for_url(lambda url: urlsplit(url).path == "/me")
    for name, path in (("me", "/me"), ("me-details", "/me/details"), ("me-erasure", "/me/erasure")):
        looking.go(name, path)
