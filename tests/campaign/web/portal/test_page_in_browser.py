"""A donor's own page from the letter to “Finish and clear”, on a phone. There is no script on it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from campaign.models import OutboxMessage
from campaign.runtime.context import Installation
from sandbox.outbox.receiver import MailReceiver
from tests.campaign.web.giving.test_unsubscribe_in_browser import address
from tests.support.accessibility import no_findings
from tests.support.donor_portal import ANA, mailed_link
from tests.support.offline_gifts import Enter
from tests.support.stripe import Facts

pytestmark = pytest.mark.browser
__all__ = ["address"]


def is_queued(mailing: Installation) -> bool:
    with mailing.sessions() as session:
        query = select(OutboxMessage.id).where(OutboxMessage.kind == "donor_page_link")
        return session.scalar(query) is not None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_donor_asks_looks_changes_and_leaves(
    open_page: Callable[..., Page],
    address: str,
    mailing: Installation,
    mailbox: MailReceiver,
    paid: Facts,
    enter: Enter,
    scheme: str,
) -> None:
    enter(email=ANA, amount="55")
    phone = {"width": 360, "height": 800}
    page = open_page(f"{address}/me", color_scheme=scheme, viewport=phone)
    page.get_by_role("button", name="Mail me a link").click()
    expect(page.get_by_role("alert")).to_contain_text("not complete")
    page.get_by_label("Email").fill(ANA)
    page.get_by_role("button", name="Mail me a link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")
    assert is_queued(mailing)
    page.goto(address + mailed_link(mailing, mailbox))
    no_findings(page)
    page.get_by_role("button", name="Open my donor page").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your gifts")
    expect(page.get_by_role("listitem").filter(has_text="by check")).to_contain_text("$55")
    no_findings(page)
    page.get_by_role("button", name="Send receipt").first.click()
    expect(page.get_by_role("status")).to_contain_text("receipt")
    page.get_by_role("link", name="Change these").click()
    page.get_by_label("Name", exact=True).fill("x" * 150)
    page.get_by_label("New email address").fill("nothing")
    page.get_by_role("button", name="Mail a link there").click()
    expect(page.get_by_role("alert")).to_contain_text("not complete")
    no_findings(page)
    page.get_by_label("Name", exact=True).fill("Ana María Reyes")
    page.get_by_role("button", name="Keep this").click()
    expect(page.get_by_role("main")).to_contain_text("Ana María Reyes")
    page.get_by_role("link", name="Ask to be removed").click()
    expect(page.get_by_role("link", name="Back, and change nothing")).to_be_visible()
    no_findings(page)
    page.get_by_role("link", name="Back, and change nothing").click()
    page.get_by_role("button", name="Finish and clear").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Everything is cleared")
    no_findings(page)
    page.goto(f"{address}/me")
    expect(page.get_by_role("button", name="Mail me a link")).to_be_visible()
    assert page.context.cookies() == []
