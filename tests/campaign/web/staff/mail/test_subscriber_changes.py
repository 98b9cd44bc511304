"""Staff add a subscriber by hand, and unsubscribe one who asked."""

import pytest
from sqlalchemy import select

from campaign.mailer.suppressions import suppress
from campaign.models import Campaign, StaffRole, Subscriber, Suppression, SuppressionReason
from campaign.runtime.context import Installation
from tests.support.staff import StaffClient, StaffMaker
from tests.support.subscribers import subscribe

HOME = "/staff/subscribers"
TYPED = {"email": "ana@example.org", "consent_source": "paper form", "locale": "es"}


@pytest.fixture
def finance(staff: StaffMaker) -> StaffClient:
    return staff(StaffRole.finance)


@pytest.fixture
def ana(installation: Installation) -> int:
    with installation.sessions.begin() as session:
        subscribe(session, "ana@example.org")
        return session.scalars(select(Subscriber.id)).one()


def test_a_person_is_added_with_their_consent(
    finance: StaffClient, installation: Installation
) -> None:
    assert 'name="consent_source"' in finance.get(f"{HOME}/new").text
    answer = finance.post_form(f"{HOME}/new", TYPED | {"name": "Ana Reyes"})
    with installation.sessions() as session:
        added = session.scalars(select(Subscriber)).one()
    assert answer.status_code == 303
    assert answer.location == f"{HOME}/{added.id}"
    page = finance.get(answer.location).text
    assert "Ana Reyes is a subscriber now." in page
    assert f"Entered by {finance.member.email}" in page
    assert (added.consent_source, added.locale) == ("paper form", "es")


def test_errors_are_beside_their_fields_and_nothing_typed_is_lost(finance: StaffClient) -> None:
    page = finance.post_form(
        f"{HOME}/new", {"email": "ana@", "name": "Ana Reyes", "consent_on": "2099-01-01"}
    )
    assert page.status_code == 422
    for words in (
        'href="#email"',
        "Enter a complete email address",
        "Enter where and how this person agreed.",
        "This day is in the future.",
        'value="Ana Reyes"',
    ):
        assert words in page.text


def test_a_known_person_is_linked(finance: StaffClient, ana: int) -> None:
    page = finance.post_form(f"{HOME}/new", TYPED | {"email": "Ana@Example.org"})
    assert page.status_code == 422
    assert f'href="{HOME}/{ana}"' in page.text


def test_an_address_on_the_list_stays_there_and_the_page_says_so(
    finance: StaffClient, installation: Installation
) -> None:
    with installation.sessions.begin() as session:
        suppress(session, "ana@example.org", SuppressionReason.unsubscribed)
    answer = finance.post_form(f"{HOME}/new", TYPED)
    assert "This address is on the list “Do not email”" in finance.get(answer.location).text
    with installation.sessions() as session:
        assert session.scalars(select(Suppression.email)).all() == ["ana@example.org"]


@pytest.mark.parametrize("scope", ["", "nine-days"])
def test_someone_is_unsubscribed_on_request(
    finance: StaffClient, installation: Installation, campaign: Campaign, ana: int, scope: str
) -> None:
    assert campaign.title in finance.get(f"{HOME}/{ana}/unsubscribe").text
    for words in ("gets no campaign emails", "unsubscribed already"):
        answer = finance.post_form(f"{HOME}/{ana}/unsubscribe", {"scope": scope, "how": "by phone"})
        assert answer.location == f"{HOME}/{ana}"
        assert words in finance.get(answer.location).text
    with installation.sessions() as session:
        (entry,) = session.scalars(select(Suppression))
    assert entry.campaign_id == (campaign.id if scope else None)
    assert (entry.reason, entry.detail) == ("unsubscribed", "by staff: by phone")


def test_a_wrong_request_to_unsubscribe_changes_nothing(
    finance: StaffClient, installation: Installation, ana: int
) -> None:
    long = {"scope": "", "how": "x" * 301}
    assert finance.post_form(f"{HOME}/{ana}/unsubscribe", long).status_code == 422
    assert finance.post_form(f"{HOME}/{ana}/unsubscribe", {"scope": "gone"}).status_code == 404
    assert finance.post_form(f"{HOME}/{ana + 1}/unsubscribe", {"scope": ""}).status_code == 404
    with installation.sessions() as session:
        assert session.scalars(select(Suppression)).all() == []
