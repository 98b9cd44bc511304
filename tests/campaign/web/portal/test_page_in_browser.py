"""The donor page from the email to “Finish and clear”, on a phone. It has no script."""

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
def test_a_donor_signs_in_changes_details_and_signs_out(
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
    page.get_by_role("button", name="Email me a link").click()
    expect(page.get_by_role("alert")).to_contain_text("complete email address")
    page.get_by_label("Email").fill(ANA)
    page.get_by_role("button", name="Email me a link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your email")
    assert is_queued(mailing)
    page.goto(address + mailed_link(mailing, mailbox))
    no_findings(page)
    page.get_by_role("button", name="Open my donor page").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your gifts")
    expect(page.get_by_role("listitem").filter(has_text="by check")).to_contain_text("$55")
    no_findings(page)
    page.get_by_role("button", name="Send receipt").first.click()
    expect(page.get_by_role("status")).to_contain_text("receipt")
    page.get_by_role("link", name="Change these details").click()
    page.get_by_label("Name", exact=True).fill("x" * 150)
    page.get_by_label("New email address").fill("nothing")
    page.get_by_role("button", name="Email a link there").click()
    expect(page.get_by_role("alert")).to_contain_text("complete email address")
    no_findings(page)
    page.get_by_label("Name", exact=True).fill("Ana María Reyes")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("main")).to_contain_text("Ana María Reyes")
    page.get_by_role("link", name="Ask us to delete your data").click()
    expect(page.get_by_role("link", name="Back without changes")).to_be_visible()
    no_findings(page)
    page.get_by_role("link", name="Back without changes").click()
    page.get_by_role("button", name="Finish and clear").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your donor page is closed")
    no_findings(page)
    page.goto(f"{address}/me")
    expect(page.get_by_role("button", name="Email me a link")).to_be_visible()
    assert page.context.cookies() == []
