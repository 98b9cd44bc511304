"""Staff see what did not arrive, and send one or all failed emails again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from campaign.core.clock import now
from campaign.models import AuditEntry, Campaign, OutboxMessage, StaffRole
from campaign.runtime.context import Installation
from tests.support.raw_sql import insert
from tests.support.staff import StaffClient, StaffMaker

HOME = "/staff/mail"


@pytest.fixture
def finance(staff: StaffMaker) -> StaffClient:
    return staff(StaffRole.finance)


@pytest.fixture
def outbox(installation: Installation, campaign: Campaign) -> dict[str, int]:
    """An email of each problem, and some without one. Return their ids."""
    at = now()
    rows: dict[str, dict[str, Any]] = {
        "failed": {"state": "failed", "last_error": "550 relay not permitted"},
        "appeal": {"kind": "appeal", "state": "failed", "bulk": True, "campaign_id": campaign.id},
        "unknown": {"kind": "appeal", "state": "failed", "bulk": True, "begun_at": at},
        "stuck": {"state": "queued", "next_attempt_at": at - timedelta(hours=2)},
        "retrying": {"state": "queued", "last_error": "421 busy", "attempts": 1},
        "dropped": {"state": "dropped", "last_error": "They have given."},
        "sent": {"state": "sent", "sent_at": at},
        "waiting": {"state": "queued"},
    }
    shown = {"kind": "receipt", "created_at": at, "next_attempt_at": at}
    return {
        name: insert(
            installation,
            OutboxMessage,
            **{
                **shown,
                "subject_key": name,
                "message_id": f"<{name}>",
                "recipient": f"{name}@example.org",
                **values,
            },
        )
        for name, values in rows.items()
    }


def states(installation: Installation) -> dict[str, str]:
    with installation.sessions() as session:
        return {one.subject_key: one.state for one in session.scalars(select(OutboxMessage))}


def test_without_problems_the_page_says_so(finance: StaffClient) -> None:
    page = finance.get(HOME).text
    assert "All emails have been delivered, or are on their way." in page
    assert "No failed emails." in finance.get(f"{HOME}/resend").text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"failed", "appeal", "unknown", "stuck", "retrying"}),
        ("?problem=failed", {"failed", "appeal", "unknown"}),
        ("?problem=stuck", {"stuck"}),
        ("?problem=retrying", {"retrying"}),
        ("?problem=dropped", {"dropped"}),
        ("?kind=appeal", {"appeal", "unknown"}),
        ("?problem=stuck&kind=appeal", set()),
    ],
)
def test_emails_are_listed_by_problem_and_kind(
    finance: StaffClient, outbox: dict[str, int], query: str, shown: set[str]
) -> None:
    page = finance.get(HOME + query).text
    assert {one for one, number in outbox.items() if f'href="{HOME}/{number}"' in page} == shown
    assert ("No emails match." in page) is not bool(shown)


@pytest.mark.usefixtures("outbox")
@pytest.mark.parametrize("query", ["?problem=sad", "?kind=parcel", "?state=failed", "?before=x"])
def test_a_wrong_filter_lists_nothing(finance: StaffClient, query: str) -> None:
    page = finance.get(HOME + query)
    assert page.status_code == 422
    assert "failed@example.org" not in page.text


def test_one_email_is_sent_again_and_logged(
    finance: StaffClient, installation: Installation, outbox: dict[str, int]
) -> None:
    page = finance.get(f"{HOME}/{outbox['failed']}").text
    assert "550 relay not permitted" in page
    assert "/staff/mail/preview/receipt" in page
    answer = finance.post_form(f"{HOME}/{outbox['failed']}/resend")
    assert answer.location == f"{HOME}/{outbox['failed']}"
    assert states(installation)["failed"] == "queued"
    with installation.sessions() as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "message.resent"))
    assert (entry.actor, entry.subject_key) == (finance.member.email, str(outbox["failed"]))
    assert finance.post_form(f"{HOME}/{outbox['failed']}/resend").status_code == 422


def test_what_may_have_arrived_goes_out_only_if_staff_say_so(
    finance: StaffClient, installation: Installation, outbox: dict[str, int]
) -> None:
    path = f"{HOME}/{outbox['unknown']}"
    assert "The person may get it twice." in finance.get(path).text
    assert finance.post_form(f"{path}/resend").status_code == 422
    assert states(installation)["unknown"] == "failed"
    finance.post_form(f"{path}/resend", {"even_if_it_arrived": "yes"})
    assert states(installation)["unknown"] == "queued"


@pytest.mark.parametrize("name", ["dropped", "waiting"])
def test_what_cannot_be_sent_again_says_why(
    finance: StaffClient, installation: Installation, outbox: dict[str, int], name: str
) -> None:
    before = states(installation)
    page = finance.get(f"{HOME}/{outbox[name]}").text
    assert "It cannot be sent again." in page
    assert "Send again</button>" not in page
    assert finance.post_form(f"{HOME}/{outbox[name]}/resend").status_code == 422
    assert states(installation) == before


@pytest.mark.usefixtures("outbox")
def test_all_failed_emails_are_sent_again_after_the_number_was_shown(
    finance: StaffClient, installation: Installation
) -> None:
    page = finance.get(f"{HOME}/resend").text
    assert "Send 2 emails again" in page
    assert "It may have arrived" in page
    for expected in ("", "3", "x"):
        again = finance.post_form(f"{HOME}/resend", {"expected": expected})
        assert (again.status_code, "The number has changed." in again.text) == (422, True)
    assert finance.post_form(f"{HOME}/resend", {"kind": "parcel"}).status_code == 422
    assert list(states(installation).values()).count("failed") == 3
    assert finance.post_form(f"{HOME}/resend", {"expected": "2"}).status_code == 303
    assert list(states(installation).values()).count("failed") == 1
    with installation.sessions() as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action == "messages.resent"))
    assert entry.after == {"kind": "all", "number": 2, "even_if_it_arrived": False}


@pytest.mark.usefixtures("outbox")
def test_one_kind_alone_and_with_what_may_have_arrived(
    finance: StaffClient, installation: Installation
) -> None:
    asked = {"kind": "appeal", "even_if_it_arrived": "yes"}
    assert "Send 2 emails again" in finance.get(f"{HOME}/resend", query_string=asked).text
    finance.post_form(f"{HOME}/resend", asked | {"expected": "2"})
    found = states(installation)
    assert (found["appeal"], found["unknown"], found["failed"]) == ("queued", "queued", "failed")


def test_an_unknown_email_is_not_found(finance: StaffClient) -> None:
    for number in ("1", "9" * 25):
        assert finance.get(f"{HOME}/{number}").status_code == 404
        assert finance.post_form(f"{HOME}/{number}/resend").status_code == 404


def test_a_viewer_cannot_send(staff: StaffMaker, outbox: dict[str, int]) -> None:
    viewer = staff(StaffRole.viewer)
    for path in (HOME, f"{HOME}/{outbox['failed']}"):
        assert "end again" not in viewer.get(path).text
        assert "emails again" not in viewer.get(path).text
