"""Staff filter the list of suppressed addresses, undo one, and undo refusals in bulk."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from campaign.models import AuditEntry, Campaign, StaffRole, Suppression
from campaign.runtime.context import Installation
from tests.support.staff import StaffClient, StaffMaker

HOME = "/staff/subscribers/do-not-email"
NOON = datetime(2026, 12, 2, 20, tzinfo=UTC)
"""Noon in Los Angeles."""


@pytest.fixture
def admin(staff: StaffMaker) -> StaffClient:
    return staff(StaffRole.admin)


@pytest.fixture
def entries(installation: Installation, campaign: Campaign) -> dict[str, int]:
    rows = {
        "early": ("refused", None, NOON - timedelta(minutes=1)),
        "ana": ("refused", None, NOON),
        "ben": ("refused", None, NOON + timedelta(hours=1)),
        "eve": ("unsubscribed", campaign.id, NOON + timedelta(days=1)),
    }
    with installation.sessions.begin() as session:
        found = {
            name: Suppression(
                email=f"{name}@example.org", reason=reason, campaign_id=campaign_id, created_at=at
            )
            for name, (reason, campaign_id, at) in rows.items()
        }
        session.add_all(found.values())
        session.flush()
        return {name: row.id for name, row in found.items()}


def left(installation: Installation) -> set[str]:
    with installation.sessions() as session:
        return {one.partition("@")[0] for one in session.scalars(select(Suppression.email))}


def test_an_empty_list_says_so(admin: StaffClient) -> None:
    assert "No address is on this list." in admin.get(HOME).text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"early", "ana", "ben", "eve"}),
        ("?reason=refused", {"early", "ana", "ben"}),
        ("?since=2026-12-03", {"eve"}),
        ("?campaign=nine-days", {"eve"}),
        ("?campaign=-", {"early", "ana", "ben"}),
        ("?q=ANA@example.org", {"ana"}),
        ("?reason=complained", set()),
    ],
)
def test_the_filters(
    admin: StaffClient, entries: dict[str, int], query: str, shown: set[str]
) -> None:
    page = admin.get(HOME + query).text
    assert {one for one, number in entries.items() if f'href="{HOME}/{number}"' in page} == shown
    assert ("No entries match." in page) is not bool(shown)


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize(
    "query", ["?reason=bored", "?since=soon", "?campaign=none", "?x=1", "?after=-"]
)
def test_a_wrong_filter_lists_nothing(admin: StaffClient, query: str) -> None:
    page = admin.get(HOME + query)
    assert page.status_code == 422
    assert "There is a problem" in page.text
    assert "ana@example.org" not in page.text


def test_one_entry_is_undone_with_a_reason(
    staff: StaffMaker, installation: Installation, entries: dict[str, int]
) -> None:
    finance = staff(StaffRole.finance)
    path = f"{HOME}/{entries['eve']}"
    assert "only if the owner of the address agreed" in finance.get(path).text
    refused = finance.post_form(path, {"reason": " "})
    assert (refused.status_code, "Enter a reason." in refused.text) == (422, True)
    assert "eve" in left(installation)
    answer = finance.post_form(path, {"reason": "asked by phone"})
    assert answer.status_code == 303
    assert "eve@example.org can get campaign emails about" in finance.get(answer.location).text
    assert left(installation) == {"early", "ana", "ben"}
    assert finance.post_form(path, {"reason": "twice"}).status_code == 404


@pytest.mark.usefixtures("entries")
def test_refusals_are_undone_after_the_number_was_shown(
    admin: StaffClient, installation: Installation
) -> None:
    assert f'href="{HOME}/refused"' in admin.get(HOME).text
    assert "Refusals on the list now: 3" in admin.get(f"{HOME}/refused").text
    since = {"since": "2026-12-02T12:00"}
    seen = admin.post_form(f"{HOME}/refused", since)
    assert (seen.status_code, "Undo 2 refusals" in seen.text) == (200, True)
    assert "early@example.org" not in seen.text
    assert left(installation) == {"early", "ana", "ben", "eve"}, "the first look changes nothing"
    for data in ({"expected": "2"}, {"expected": "3", "reason": "our fault"}):
        again = admin.post_form(f"{HOME}/refused", since | data)
        assert (again.status_code, "Undo 2 refusals" in again.text) == (422, True)
    assert left(installation) == {"early", "ana", "ben", "eve"}
    done = admin.post_form(f"{HOME}/refused", since | {"expected": "2", "reason": "our fault"})
    assert done.location == "/staff/mail/resend"
    assert "2 addresses can get campaign emails again." in admin.get(done.location).text
    assert left(installation) == {"early", "eve"}
    with installation.sessions() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (entry.action, entry.actor) == ("suppressions.removed", admin.member.email)
    assert entry.after["number"] == 2


@pytest.mark.parametrize("since", ["", "soon", "2026-13-01T10:00", "0001-01-01T00:00"])
def test_a_moment_that_cannot_be_read_is_an_error(admin: StaffClient, since: str) -> None:
    page = admin.post_form(f"{HOME}/refused", {"since": since})
    assert page.status_code == 422
    assert 'href="#since"' in page.text


def test_without_refusals_since_then_there_is_nothing_to_confirm(admin: StaffClient) -> None:
    page = admin.post_form(f"{HOME}/refused", {"since": "2026-12-02T12:00"}).text
    assert "There are no refusals since then." in page
    assert 'name="expected"' not in page


@pytest.mark.usefixtures("entries")
def test_only_admins_are_offered_the_bulk(staff: StaffMaker) -> None:
    assert "/refused" not in staff(StaffRole.finance).get(HOME).text
    assert ">Undo<" not in staff(StaffRole.viewer).get(HOME).text
