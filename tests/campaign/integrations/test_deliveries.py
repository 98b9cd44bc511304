"""Deliveries to endpoints: their order, their body, and how results are recorded."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.core.errors import NotFound
from campaign.integrations.deliveries import (
    LEASE,
    PAGE,
    claim_next,
    count_deliveries,
    list_deliveries,
    list_due_endpoints,
    mark_delivered,
    mark_failed,
    requeue_delivery,
)
from campaign.models import AuditEntry, DeliveryState, StaffRole, WebhookDelivery, WebhookEndpoint
from campaign.runtime.context import Installation
from tests.support.locks import waits_for_a_lock
from tests.support.raw_sql import insert
from tests.support.stripe import Facts

ADMIN = Actor("admin@harbor-ledger.example", StaffRole.admin)
AT = datetime(2026, 12, 22, 8, tzinfo=UTC)
BLINK = timedelta(microseconds=1)
Queue = Callable[..., int]


@pytest.fixture
def endpoint(installation: Installation) -> int:
    """Return the id of an endpoint."""
    shown = {"url": "https://crm.example/hook", "secret": "whsec_x", "created_by": "Ada"}
    return int(insert(installation, WebhookEndpoint, events=[], **shown))


@pytest.fixture
def queue(installation: Installation, endpoint: int) -> Queue:
    """Insert a delivery that is due now; returns its id."""

    def put(subject_key: str, **values: Any) -> int:
        shown = {"endpoint_id": endpoint, "kind": "donation.paid", "occurred_at": AT}
        due = {"subject_key": subject_key, "next_attempt_at": AT}
        return insert(installation, WebhookDelivery, **{**shown, **due, **values})

    return put


def test_the_oldest_due_goes_first_and_nothing_before_its_time(
    session: Session, endpoint: int, queue: Queue
) -> None:
    late, early = queue("a"), queue("b", next_attempt_at=AT - BLINK)
    queue("c", next_attempt_at=AT + BLINK)
    claims = [claim_next(session, endpoint, AT) for _ in range(3)]
    assert [claim and claim.id for claim in claims] == [early, late, None]


def test_a_claimed_delivery_is_exclusive_until_the_lease_ends(
    session: Session, endpoint: int, queue: Queue
) -> None:
    queue("a")
    first = claim_next(session, endpoint, AT)
    assert first is not None
    assert timedelta(minutes=2) == LEASE
    assert claim_next(session, endpoint, AT + LEASE - BLINK) is None
    assert list_due_endpoints(session, AT + LEASE - BLINK) == []
    assert list_due_endpoints(session, AT + LEASE) == [endpoint]
    again = claim_next(session, endpoint, AT + LEASE)
    assert again is not None
    assert (again.id, again.public_id, again.body) == (first.id, first.public_id, first.body)


def test_a_disabled_endpoint_gets_nothing(session: Session, endpoint: int, queue: Queue) -> None:
    queue("a")
    queue("b")
    assert list_due_endpoints(session, AT) == [endpoint]
    session.get_one(WebhookEndpoint, endpoint).disabled_at = AT
    session.flush()
    assert list_due_endpoints(session, AT) == []
    assert claim_next(session, endpoint, AT) is None
    assert count_deliveries(session) == {"queued": 2}


def test_the_body_has_the_donation_as_of_the_first_attempt(
    session: Session, endpoint: int, queue: Queue, paid: Facts
) -> None:
    donation = paid.donation
    queue("a", donation_id=donation.id)
    claim = claim_next(session, endpoint, AT)
    assert claim is not None
    assert (claim.body["type"], claim.body["timestamp"]) == ("donation.paid", AT.isoformat())
    shown = claim.body["data"]["donation"]
    assert (shown["id"], shown["email"], shown["state"]) == (
        donation.public_id, "ana@example.org", "paid",
    )  # fmt: skip
    assert datetime.fromisoformat(shown["paid_at"]).tzinfo is not None
    again = claim_next(session, endpoint, AT + LEASE)
    assert again is not None
    assert again.body == claim.body


def test_a_worker_whose_lease_expired_records_only_success(
    session: Session, endpoint: int, queue: Queue
) -> None:
    number = queue("a")
    first = claim_next(session, endpoint, AT)
    second = claim_next(session, endpoint, AT + LEASE)
    assert first is not None
    assert second is not None
    mark_failed(session, first, 500, "late", AT + LEASE)
    row = session.get_one(WebhookDelivery, number, populate_existing=True)
    assert (row.state, row.last_error) == ("sending", None)
    mark_delivered(session, first, 200, AT + LEASE)
    mark_failed(session, second, 500, "after all", AT + LEASE)
    mark_delivered(session, second, 202, AT + LEASE + BLINK)
    session.refresh(row)
    assert (row.state, row.last_status, row.delivered_at) == ("delivered", 200, AT + LEASE)


def test_a_failed_delivery_is_retried_and_given_up_after_three_days(
    session: Session, endpoint: int, queue: Queue
) -> None:
    number = queue("a")
    claim = claim_next(session, endpoint, AT)
    assert claim is not None
    # The first attempt, however late, is never the last.
    state = mark_failed(session, claim, None, "x" * 501, AT + timedelta(days=4))
    row = session.get_one(WebhookDelivery, number, populate_existing=True)
    assert (state, row.state, row.last_error) == (DeliveryState.queued, "queued", "x" * 500)
    assert row.next_attempt_at > AT + timedelta(days=4)
    claim = claim_next(session, endpoint, row.next_attempt_at)
    assert claim is not None
    assert mark_failed(session, claim, 500, "", AT + timedelta(days=5)) is DeliveryState.failed
    session.refresh(row)
    assert (row.state, row.lease_until, row.attempts) == ("failed", None, 2)


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 10), (2, 20), (12, 20_480), (13, 21_600), (99, 21_600)]
)
def test_the_wait_doubles_from_ten_seconds_to_six_hours_and_is_up_to_a_quarter_longer(
    session: Session,
    endpoint: int,
    queue: Queue,
    monkeypatch: pytest.MonkeyPatch,
    attempts: int,
    seconds: int,
) -> None:
    for share, jitter in ((0.0, 1.0), (1.0, 1.25)):
        monkeypatch.setattr("campaign.core.backoff.random.random", lambda share=share: share)
        number = queue(f"{share}", attempts=attempts - 1)
        claim = claim_next(session, endpoint, AT)
        assert claim is not None
        mark_failed(session, claim, 500, "", AT)
        row = session.get_one(WebhookDelivery, number, populate_existing=True)
        assert row.next_attempt_at - AT == timedelta(seconds=seconds * jitter)


def test_a_second_attempt_may_fail_until_three_days_have_passed(
    session: Session, endpoint: int, queue: Queue
) -> None:
    end = AT + timedelta(days=3)
    for late, state in ((end, DeliveryState.queued), (end + BLINK, DeliveryState.failed)):
        queue(f"{late}", attempts=1)
        claim = claim_next(session, endpoint, AT)
        assert claim is not None
        assert mark_failed(session, claim, 500, "", late) is state


def test_results_of_one_delivery_change_no_other_and_no_other_endpoint(
    installation: Installation, session: Session, endpoint: int, queue: Queue
) -> None:
    other = insert(
        installation, WebhookEndpoint, events=[], url="https://db.example/", secret="s", created_by="A"
    )  # fmt: skip
    for subject_key in ("a", "b", "c"):
        queue(subject_key)
    delivered, gone = (claim_next(session, endpoint, AT) for _ in range(2))
    assert delivered is not None
    assert gone is not None
    mark_delivered(session, delivered, 200, AT)
    mark_failed(session, gone, 410, "Gone", AT)
    session.expire_all()
    rows = list_deliveries(session, endpoint)
    assert [(row.state, row.last_status) for row in rows] == [
        ("queued", None),
        ("failed", 410),
        ("delivered", 200),
    ]
    assert rows[2].lease_until is None
    assert session.get_one(WebhookEndpoint, other).disabled_at is None


def test_a_delivery_that_waits_or_is_being_sent_is_not_queued_again(
    session: Session, endpoint: int, queue: Queue
) -> None:
    first, second = queue("a"), queue("b")
    assert claim_next(session, endpoint, AT) is not None
    session.expire_all()
    states = [requeue_delivery(session, one, ADMIN, AT + LEASE).state for one in (first, second)]
    assert states == ["sending", "queued"]
    assert session.get_one(WebhookDelivery, second).next_attempt_at == AT
    assert session.scalars(select(AuditEntry)).all() == []


def test_a_delivery_sent_again_by_staff_is_claimed_like_a_new_one_and_recorded(
    session: Session, endpoint: int, queue: Queue
) -> None:
    queue("a")
    claim = claim_next(session, endpoint, AT)
    assert claim is not None
    mark_delivered(session, claim, 200, AT)
    session.expire_all()
    again = requeue_delivery(session, claim.id, ADMIN, AT + LEASE)
    assert (again.state, again.delivered_at) == ("queued", None)
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.actor, entry.subject_kind, entry.subject_key) == (
        ADMIN.name, "webhook_delivery", claim.public_id,
    )  # fmt: skip
    assert claim_next(session, endpoint, AT + LEASE - BLINK) is None
    assert claim_next(session, endpoint, AT + LEASE) is not None


def test_staff_who_send_a_delivery_again_at_the_same_time_send_it_once(
    installation: Installation, endpoint: int, queue: Queue
) -> None:
    number = queue("a", state="failed")

    def resend() -> None:
        with installation.sessions.begin() as session:
            requeue_delivery(session, number, ADMIN, AT)

    with ThreadPoolExecutor(1) as pool:
        with installation.sessions.begin() as first:
            requeue_delivery(first, number, ADMIN, AT)
            second = pool.submit(resend)
            assert waits_for_a_lock(installation, second)
        second.result(60)
    with installation.sessions() as session:
        assert session.scalars(select(AuditEntry.action)).all() == ["webhook_delivery.retried"]


def test_an_unknown_endpoint_has_nothing_to_send(session: Session) -> None:
    assert claim_next(session, 999, AT) is None


def test_each_endpoint_has_its_own_queue(
    installation: Installation, session: Session, endpoint: int, queue: Queue
) -> None:
    shown = {"url": "https://db.example/", "secret": "whsec_y", "created_by": "Ada"}
    other = insert(installation, WebhookEndpoint, events=[], **shown)
    queue("a")
    queue("b")
    mine = queue("c", endpoint_id=other, next_attempt_at=AT + BLINK)
    assert list_due_endpoints(session, AT) == [endpoint]
    assert sorted(list_due_endpoints(session, AT + BLINK)) == sorted([endpoint, other])
    claim = claim_next(session, other, AT + BLINK)
    assert claim is not None
    assert (claim.id, claim.url, claim.secret, claim.attempts) == (
        mine, "https://db.example/", "whsec_y", 1,
    )  # fmt: skip


def test_a_gone_endpoint_is_disabled_once_and_staff_can_resend(
    session: Session, endpoint: int, queue: Queue
) -> None:
    number, other = queue("a"), queue("b")
    claim, second = (claim_next(session, endpoint, AT) for _ in range(2))
    assert claim is not None
    assert second is not None
    assert mark_failed(session, claim, 410, "Gone", AT) is DeliveryState.failed
    assert mark_failed(session, second, 410, "Gone", AT + BLINK) is DeliveryState.failed
    found = session.get_one(WebhookEndpoint, endpoint, populate_existing=True)
    assert found.disabled_at == AT
    later = AT + timedelta(days=9)
    session.expire_all()
    for _ in range(2):
        again = requeue_delivery(session, number, ADMIN, later)
        assert (again.state, again.next_attempt_at, again.occurred_at) == ("queued", later, later)
    assert session.scalars(select(AuditEntry.action)).all() == ["webhook_delivery.retried"]
    assert count_deliveries(session) == {"queued": 1, "failed": 1}
    assert session.get_one(WebhookDelivery, other).state == "failed"
    with pytest.raises(NotFound, match="no delivery 999"):
        requeue_delivery(session, 999, ADMIN, later)


def test_deliveries_are_listed_in_pages_newest_first(
    session: Session, endpoint: int, queue: Queue
) -> None:
    numbers = [queue(str(number)) for number in range(PAGE + 1)]
    first = list_deliveries(session, endpoint)
    assert len(first) == 50
    assert [row.id for row in first] == numbers[:0:-1]
    assert [row.id for row in list_deliveries(session, endpoint, first[-1].id)] == numbers[:1]
    assert list_deliveries(session, endpoint + 1) == []
