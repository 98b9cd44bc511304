"""Staff preview a campaign's own emails in each language, as HTML and as text."""

import pytest

from campaign.models import Campaign, StaffRole
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
    assert "Three days before the end" in page


def test_what_does_not_exist_is_not_found(viewer: StaffClient) -> None:
    for path in (f"{HOME}/nothing", f"{HOME}/nothing.html", "/staff/c/other/emails"):
        assert viewer.get(path).status_code == 404


def test_the_campaign_and_its_schedule_link_the_previews(viewer: StaffClient) -> None:
    for path in ("/staff/c/nine-days", "/staff/c/nine-days/schedule", "/staff/mail/preview/"):
        assert f'href="{HOME}"' in viewer.get(path).text, path
