"""Staff preview a campaign's own emails in each language, as HTML and as text."""

import pytest
from sqlalchemy import select

from campaign.emails.delivery import deliver_due
from campaign.models import AuditEntry, Campaign, OutboxMessage, StaffRole
from campaign.runtime.context import Installation
from sandbox.outbox.receiver import MailReceiver
from tests.support.staff import StaffClient, StaffMaker

HOME = "/staff/c/nine-days/emails"


@pytest.fixture
def viewer(staff: StaffMaker, campaign: Campaign) -> StaffClient:
    return staff(StaffRole.viewer)


def test_every_email_is_linked_in_every_language_and_opens(viewer: StaffClient) -> None:
    page = viewer.get(HOME).text
    for key in ("opening", "three_days", "wrap_up", "reminder-email", "thank-you-email"):
        for locale in ("en", "es"):
            path = f"{HOME}/{key}?locale={locale}"
            assert f'href="{path}"' in page
            assert viewer.get(path).status_code == 200
            html = viewer.get(f"{HOME}/{key}.html?locale={locale}")
            assert f'<html lang="{locale}"' in html.text
            assert "script-src" not in html.headers["Content-Security-Policy"]
            assert viewer.get(f"{HOME}/{key}.txt?locale={locale}").mimetype == "text/plain"
    assert "2 days left" in page


def test_what_does_not_exist_is_not_found(viewer: StaffClient) -> None:
    for path in (f"{HOME}/nothing", f"{HOME}/nothing.html", "/staff/c/other/emails"):
        assert viewer.get(path).status_code == 404


def test_the_campaign_and_its_schedule_link_the_previews(viewer: StaffClient) -> None:
    for path in ("/staff/c/nine-days", "/staff/c/nine-days/schedule", "/staff/mail/preview/"):
        assert f'href="{HOME}"' in viewer.get(path).text, path


@pytest.mark.parametrize("key", ["three_days", "reminder-email", "wrap_up"])
def test_a_test_goes_to_the_member_who_asked_and_to_nobody_else(
    viewer: StaffClient, mailing: Installation, mailbox: MailReceiver, key: str
) -> None:
    assert "Send me a test" in viewer.get(f"{HOME}/{key}").text
    for _ in range(2):
        answer = viewer.post_form(f"{HOME}/{key}/test", {"locale": "es"})
        assert answer.location == f"{HOME}/{key}?locale=es"
    assert f"on its way to {viewer.member.email}" in viewer.get(answer.location).text
    assert deliver_due(mailing) == 1, "the second click is the same request"
    (mail,) = mailbox.messages
    assert mail.recipients == (viewer.member.email,)
    with mailing.sessions() as session:
        (row,) = session.scalars(select(OutboxMessage))
        (entry,) = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "campaign.email_tested")
        )
    assert (row.state, row.bulk, row.campaign_id, row.step_id) == ("sent", False, None, None)
    assert entry.after == {"email": key}


def test_an_unknown_email_is_not_sent(viewer: StaffClient) -> None:
    assert viewer.post_form(f"{HOME}/nothing/test").status_code == 404
