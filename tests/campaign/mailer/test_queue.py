"""Queueing: one row per kind and subject key, with a Message-ID that identifies nobody."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select, column, func, literal, select, values

from campaign.mailer.kinds import EmailKind
from campaign.mailer.queue import (
    SAME_REQUEST,
    NewEmail,
    insert_from_select,
    queue_email,
    queue_from_select,
    queued_just_now,
)
from campaign.models import Campaign, Donor, OutboxMessage, OutboxState
from campaign.runtime.context import Installation
from tests.support.campaign_emails import MAIL_DOMAIN, messages, opening_step

ROOT = Path(__file__).parents[3]
AT = datetime(2026, 12, 22, 19, 30, tzinfo=UTC)
ALERT = NewEmail(
    kind=EmailKind.staff_alert, subject_key="2026-12-22:1", recipient="desk@example.org"
)
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
ADDS_ROWS = re.compile(
    r"insert\(\s*OutboxMessage|(?<!class )OutboxMessage\(|INSERT INTO outbox_message"
)


def queue(installation: Installation, email: NewEmail) -> bool:
    with installation.sessions.begin() as session:
        return queue_email(session, email, MAIL_DOMAIN)


def to_each(*recipients: str) -> Select[Any]:
    """An email to each, by its address."""
    people = values(column("address"), name="people").data([(each,) for each in recipients])
    address = people.c.address
    return select(address.label("subject_key"), address.label("recipient"))


def queue_each(installation: Installation, kind: EmailKind, emails: Select[Any]) -> int:
    with installation.sessions.begin() as session:
        return queue_from_select(session, kind, emails, MAIL_DOMAIN)


def asked_just_now(installation: Installation, at: datetime, **changes: Any) -> bool:
    asked: dict[str, Any] = {"recipient": ALERT.recipient, "details": {}, **changes}
    with installation.sessions() as session:
        return queued_just_now(session, EmailKind.staff_alert, at=at, **asked)


def test_the_same_email_queued_twice_is_one_row(installation: Installation) -> None:
    assert queue(installation, ALERT)
    before = messages(installation)
    assert not queue(installation, replace(ALERT, recipient="other@example.org"))
    (row,) = messages(installation)
    assert (row.recipient, row.message_id) == (ALERT.recipient, before[0].message_id)


def test_two_at_once_queue_an_email_once(installation: Installation) -> None:
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda _: queue(installation, ALERT), range(8)))
    assert sorted(added) == [False] * 7 + [True]
    assert len(messages(installation)) == 1


def test_one_subject_may_have_an_email_of_each_kind(installation: Installation) -> None:
    assert queue(installation, ALERT)
    assert queue(installation, replace(ALERT, kind=EmailKind.sign_in_link))


def test_a_row_holds_all_that_is_known_of_the_email(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        donor = Donor(email="ana@example.org", name="Ana Reyes")
        session.add(donor)
        session.flush()
        expires_at = AT + timedelta(hours=1)
        email = NewEmail(
            kind=EmailKind.donor_portal_link,
            subject_key="1:abc",
            recipient="Ana@example.org",
            name="Ana",
            locale="es",
            donor_id=donor.id,
            details={"purpose": "open"},
            asked_at=AT,
            expires_at=expires_at,
        )
        assert queue_email(session, email, MAIL_DOMAIN)
    (row,) = messages(installation)
    assert (row.kind, row.subject_key, row.donor_id) == ("donor_page_link", "1:abc", donor.id)
    assert (row.recipient, row.name, row.locale) == ("Ana@example.org", "Ana", "es")
    assert (row.details, row.bulk, row.state) == ({"purpose": "open"}, False, OutboxState.queued)
    assert (row.created_at, row.next_attempt_at, row.expires_at) == (AT, AT, expires_at)


def test_an_email_without_a_request_time_is_due_immediately(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        queue_email(session, ALERT, MAIL_DOMAIN)
        row = session.scalars(select(OutboxMessage)).one()
        assert row.created_at == row.next_attempt_at == session.scalar(select(func.now()))
        assert (row.locale, row.details, row.expires_at) == ("en", {}, None)


@pytest.mark.parametrize("kind", EmailKind)
def test_a_message_id_names_the_kind_and_nobody(
    installation: Installation, kind: EmailKind
) -> None:
    queue(installation, replace(ALERT, kind=kind))
    (row,) = messages(installation)
    name = kind.replace("_", "-")
    assert re.fullmatch(f"<{name}-{UUID}@{re.escape(MAIL_DOMAIN)}>", row.message_id)


def test_each_email_has_a_message_id_of_its_own(installation: Installation) -> None:
    for number in range(20):
        queue(installation, replace(ALERT, subject_key=str(number)))
    queue_each(installation, EmailKind.appeal, to_each(*(f"r{n}@example.org" for n in range(20))))
    rows = messages(installation)
    assert len({row.message_id for row in rows}) == len({row.token for row in rows}) == 40


def test_a_select_queues_an_email_a_row_once(installation: Installation) -> None:
    both = to_each("ana@example.org", "ben@example.org")
    assert queue_each(installation, EmailKind.statement, both) == 2
    three = to_each("ana@example.org", "cleo@example.org", "ben@example.org")
    assert queue_each(installation, EmailKind.statement, three) == 1
    assert queue_each(installation, EmailKind.statement, three) == 0
    rows = messages(installation)
    assert [row.recipient for row in rows] == [
        "ana@example.org",
        "ben@example.org",
        "cleo@example.org",
    ]
    assert {(row.kind, row.bulk, row.state) for row in rows} == {("statement", False, "queued")}


def test_campaign_emails_from_a_select_are_bulk(installation: Installation) -> None:
    queue_each(installation, EmailKind.thank_you, to_each("ana@example.org"))
    assert [row.bulk for row in messages(installation)] == [True]


def test_a_select_may_say_the_state(installation: Installation) -> None:
    dropped = to_each("ana@example.org").add_columns(literal("dropped").label("state"))
    with installation.sessions.begin() as session:
        queued = insert_from_select(EmailKind.statement, dropped, MAIL_DOMAIN)
        new = session.scalars(queued.returning(OutboxMessage.recipient)).all()
    assert new == ["ana@example.org"]
    assert [row.state for row in messages(installation)] == ["dropped"]


def test_a_schedule_step_reaches_nobody_twice(
    installation: Installation, campaign: Campaign
) -> None:
    step = opening_step(installation, campaign)
    for number, recipient in enumerate(("ana@example.org", "ANA@example.org")):
        emails = select(
            literal(str(number)).label("subject_key"),
            literal(recipient).label("recipient"),
            literal(campaign.id).label("campaign_id"),
            literal(step).label("step_id"),
        )
        assert queue_each(installation, EmailKind.appeal, emails) == 1 - number


def test_the_same_request_is_known_for_half_a_minute(installation: Installation) -> None:
    assert not asked_just_now(installation, AT)
    queue(installation, replace(ALERT, asked_at=AT))
    assert asked_just_now(installation, AT, recipient="DESK@example.org")
    assert asked_just_now(installation, AT + SAME_REQUEST - timedelta(seconds=1))
    assert not asked_just_now(installation, AT + SAME_REQUEST)
    assert not asked_just_now(installation, AT, recipient="other@example.org")
    assert not asked_just_now(installation, AT, details={"invited_by": "ana"})
    assert not asked_just_now(installation, AT, donor_id=1)
    with installation.sessions() as session:
        assert not queued_just_now(session, EmailKind.sign_in_link, ALERT.recipient, {}, AT)


def test_a_request_of_one_donor_is_not_anothers(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        ana, ben = (Donor(email=f"{name}@example.org", name=name) for name in ("ana", "ben"))
        session.add_all([ana, ben])
        session.flush()
        ids = ana.id, ben.id
    queue(installation, replace(ALERT, asked_at=AT, donor_id=ids[0], details={"purpose": "open"}))
    found = [
        asked_just_now(installation, AT, donor_id=donor_id, details={"purpose": purpose})
        for donor_id, purpose in ((ids[0], "open"), (ids[1], "open"), (ids[0], "erase"))
    ]
    assert found == [True, False, False]
    assert not asked_just_now(installation, AT, details={"purpose": "open"})


def test_nothing_else_adds_rows_to_the_outbox() -> None:
    """Migrations may change existing rows; everything else goes through this module."""
    found = {
        path.relative_to(ROOT).as_posix()
        for room in ("campaign", "workers")
        for path in (ROOT / room).rglob("*.py")
        if "migrations" not in path.parts and ADDS_ROWS.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"campaign/mailer/queue.py"}
