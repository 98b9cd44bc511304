"""The list of undelivered emails: which have which problem, in which order, on which page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from campaign.core.errors import NotFound
from campaign.donors.keyset_paging import PAGE, Cursor
from campaign.mailer.undelivered import STUCK_AFTER
from campaign.models import Campaign, OutboxMessage
from campaign.reporting.undelivered_list import (
    DeliveryProblem,
    count_problems,
    find_undelivered,
    get_message,
)

AT = datetime(2026, 12, 22, 8, tzinfo=UTC)


def put(session: Session, key: str, **values: Any) -> int:
    shown = {"kind": "receipt", "recipient": "ana@example.org", "created_at": AT}
    due = {"next_attempt_at": AT, "subject_key": key, "message_id": f"<{key}>"}
    row = OutboxMessage(**{**shown, **due, **values})
    session.add(row)
    session.flush()
    return row.id


def listed(session: Session, problem: DeliveryProblem | None, kind: str | None = None) -> list[str]:
    rows, _ = find_undelivered(session, AT, problem, kind, Cursor())
    return [row.message.subject_key for row in rows]


@pytest.fixture
def outbox(session: Session, campaign: Campaign) -> None:
    put(session, "failed", state="failed")
    put(session, "appeal", state="failed", kind="appeal", campaign_id=campaign.id)
    put(session, "stuck", next_attempt_at=AT - STUCK_AFTER)
    put(session, "abandoned", state="sending", lease_until=AT)
    put(session, "retrying", last_error="421 busy", attempts=1)
    put(session, "dropped", state="dropped")
    put(session, "fine", state="sent", sent_at=AT)
    put(session, "waiting")
    put(session, "busy", state="sending", lease_until=AT + timedelta(minutes=1))


@pytest.mark.usefixtures("outbox")
@pytest.mark.parametrize(
    ("problem", "keys"),
    [
        (None, ["retrying", "abandoned", "stuck", "appeal", "failed"]),
        (DeliveryProblem.failed, ["appeal", "failed"]),
        (DeliveryProblem.stuck, ["abandoned", "stuck"]),
        (DeliveryProblem.retrying, ["retrying"]),
        (DeliveryProblem.dropped, ["dropped"]),
    ],
)
def test_each_problem_lists_its_emails_newest_first(
    session: Session, problem: DeliveryProblem | None, keys: list[str]
) -> None:
    assert listed(session, problem) == keys
    assert listed(session, problem, "appeal") == [one for one in keys if one == "appeal"]
    if problem in count_problems(session, AT):
        assert count_problems(session, AT)[problem] == len(keys)


@pytest.mark.usefixtures("outbox")
def test_a_row_names_its_campaign_and_says_if_it_is_stuck(
    session: Session, campaign: Campaign
) -> None:
    rows, _ = find_undelivered(session, AT, None, None, Cursor())
    found = {row.message.subject_key: row for row in rows}
    assert (found["appeal"].campaign, found["appeal"].stuck) == (campaign.title, False)
    assert (found["stuck"].campaign, found["stuck"].stuck) == ("", True)


def test_a_long_list_has_pages(session: Session) -> None:
    for number in range(PAGE + 2):
        put(session, f"{number}", state="failed")
    first, keys = find_undelivered(session, AT, None, None, Cursor())
    second, last = find_undelivered(session, AT, None, None, Cursor(before=keys.older))
    assert (len(first), len(second), last.older) == (PAGE, 2, None)


def test_one_email_is_found_whatever_its_state(session: Session) -> None:
    number = put(session, "fine", state="sent", sent_at=AT)
    assert get_message(session, number, AT).message.id == number
    for wrong in (number + 1, 2**63):
        with pytest.raises(NotFound):
            get_message(session, wrong, AT)
