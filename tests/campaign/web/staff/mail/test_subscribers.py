"""Staff find subscribers, read one, count segments, and download what they filtered."""

import csv
import io

import pytest
from sqlalchemy import select, text

from campaign.core.clock import now
from campaign.mailer.suppressions import suppress
from campaign.models import AuditEntry, Campaign, StaffRole, Subscriber, SuppressionReason
from campaign.outreach.giving_segments import update_segments
from campaign.runtime.context import Installation
from tests.support.donors import add_donation, add_donor
from tests.support.staff import StaffClient, StaffMaker
from tests.support.subscribers import subscribe

HOME = "/staff/subscribers"
WORDING = "Email me about campaigns like this one."


@pytest.fixture
def finance(staff: StaffMaker) -> StaffClient:
    return staff(StaffRole.finance)


@pytest.fixture
def people(installation: Installation, campaign: Campaign) -> dict[str, int]:
    """Ana gave with the box checked and unsubscribed from a campaign; Ben bounced. Return their ids."""
    with installation.sessions.begin() as session:
        donor = add_donor(session, "ana@example.org")
        add_donation(session, campaign, donor, consent_wording=WORDING)
        subscribe(
            session,
            "ana@example.org",
            name="Ana Reyes",
            consent_source="donation form",
            consent_wording=WORDING,
        )
        subscribe(session, "ben@example.org", consent_source="own page", timezone="America/Denver")
        reason = SuppressionReason.unsubscribed
        suppress(session, "ana@example.org", reason, campaign_id=campaign.id, detail="by staff")
        suppress(session, "ben@example.org", SuppressionReason.bounced)
        update_segments(session, now())
        rows = session.execute(select(Subscriber.email, Subscriber.id))
        return {email.partition("@")[0]: number for email, number in rows}


def test_an_empty_list_says_how_people_get_on_it(finance: StaffClient) -> None:
    page = finance.get(HOME).text
    assert "No subscribers yet." in page
    assert 'href="/staff/subscribers/new"' in page
    assert "Download" not in page
    assert "No subscribers yet." in finance.get(f"{HOME}/segments").text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"ana", "ben"}),
        ("?q=rey", {"ana"}),
        ("?q=BEN@example.org", {"ben"}),
        ("?segment=gave", {"ana"}),
        ("?segment=never", {"ben"}),
        ("?segment=lapsed", set()),
        ("?status=suppressed", {"ben"}),
        ("?status=reachable&segment=gave", {"ana"}),
    ],
)
def test_the_list_shows_who_matches(
    finance: StaffClient, people: dict[str, int], query: str, shown: set[str]
) -> None:
    page = finance.get(HOME + query)
    assert page.status_code == 200
    found = {name for name, number in people.items() if f'href="{HOME}/{number}"' in page.text}
    assert found == shown
    assert ("No subscribers match." in page.text) is not bool(shown)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?segment=rich", "“rich” is not one of the choices."),
        ("?status=none", "“none” is not one of the choices."),
        ("?sort=up", "There is no filter named “sort”."),
        ("?before=x", "“x” is not a valid page."),
    ],
)
def test_a_wrong_filter_is_named_and_nothing_is_listed(
    finance: StaffClient, query: str, words: str
) -> None:
    for path in (HOME, f"{HOME}/subscribers.csv"):
        page = finance.get(path + query)
        assert page.status_code == 422
        assert words in page.text
        assert "ana@example.org" not in page.text


@pytest.mark.usefixtures("people")
def test_segments_have_counts_and_definitions(finance: StaffClient) -> None:
    page = finance.get(f"{HOME}/segments").text
    assert 'href="/staff/subscribers?segment=gave">Gave before</a>' in page
    assert "not in the last 365 days" in page
    assert "50%" in page


def test_a_page_shows_consent_with_evidence_and_what_the_person_gets(
    finance: StaffClient, people: dict[str, int], campaign: Campaign
) -> None:
    page = finance.get(f"{HOME}/{people['ana']}").text
    for words in (WORDING, "donation form", "Checked the box with", campaign.title, "(by staff)"):
        assert words in page
    assert "Gave in the last year" in page
    assert f'href="{HOME}/{people["ana"]}/unsubscribe"' in page
    other = finance.get(f"{HOME}/{people['ben']}").text
    assert "donor page" in other
    assert "own page" not in other
    assert "nothing beyond this entry" in other
    assert "none: bounced" in other
    assert "/unsubscribe" not in other, "there is nothing left to stop"
    assert finance.get(f"{HOME}/{people['ana']}?after=x").status_code == 422
    assert finance.get(f"{HOME}/{'9' * 25}").status_code == 404


def test_a_donors_page_shows_the_same_consent(
    finance: StaffClient, people: dict[str, int], installation: Installation
) -> None:
    with installation.sessions() as session:
        number = session.scalar(text("SELECT id FROM donor"))
    page = finance.get(f"/staff/donors/{number}").text
    assert f'href="{HOME}/{people["ana"]}"' in page
    assert WORDING in page
    assert "Checked the box with" in page


@pytest.mark.usefixtures("people")
def test_the_download_has_what_was_filtered_and_is_logged_without_the_search(
    finance: StaffClient, installation: Installation
) -> None:
    answer = finance.get(f"{HOME}/subscribers.csv?q=ana@example.org&segment=gave")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["email"], row["giving"], row["consent_wording"]) == (
        "ana@example.org",
        "recent",
        WORDING,
    )
    assert "subscribers-gave-" in answer.headers["Content-Disposition"]
    with installation.sessions() as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "export.created"))
    assert entry.subject_key == "subscribers"
    assert entry.after == {"segment": "gave", "status": "", "searched": "yes", "format": "csv"}


def test_a_viewer_sees_no_buttons(staff: StaffMaker, people: dict[str, int]) -> None:
    viewer = staff(StaffRole.viewer)
    for path in (HOME, f"{HOME}/{people['ana']}"):
        page = viewer.get(path).text
        assert "Unsubscribe on request" not in page
        assert "Add a subscriber" not in page
        assert "Download" not in page
        assert ">Undo<" not in page
