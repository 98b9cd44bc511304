"""The outbox's table, in raw SQL: one message for each thing, one email of a step for each recipient, states."""

from collections.abc import Callable

import pytest
from sqlalchemy.exc import IntegrityError

from campaign.models import Campaign, CampaignStep, OutboxMessage
from campaign.runtime.context import Installation
from tests.support.raw_sql import execute, insert, refusals
from tests.support.stripe import Facts

Queue = Callable[..., int]


@pytest.fixture
def queue(installation: Installation) -> Queue:
    """Insert a message; return its id."""

    def put(subject_key: str, **values: object) -> int:
        shown = {"kind": "appeal", "recipient": "ana@example.org", "message_id": f"<{subject_key}>"}
        return insert(installation, OutboxMessage, subject_key=subject_key, **{**shown, **values})

    return put


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ("state = 'lost'", "ck_outbox_message_state"),
        ("state = 'sent'", "ck_outbox_message_sent"),
        ("sent_at = now()", "ck_outbox_message_sent"),
    ],
)
def test_a_message_keeps_its_rules(
    installation: Installation, paid: Facts, changes: str, rule: str
) -> None:
    with pytest.raises(IntegrityError, match=rule):
        execute(installation, f"UPDATE outbox_message SET {changes}")


def test_nothing_is_queued_twice_nor_under_another_s_message_id(queue: Queue) -> None:
    queue("a")
    with pytest.raises(IntegrityError, match="uq_outbox_message_kind_subject_key"):
        queue("a", message_id="<other>")
    queue("a", kind="receipt", message_id="<other>")
    with pytest.raises(IntegrityError, match="uq_outbox_message_message_id"):
        queue("b", message_id="<other>")


def test_a_reader_gets_each_step_once_however_the_address_is_written(
    installation: Installation, campaign: Campaign, queue: Queue
) -> None:
    steps = [
        insert(installation, CampaignStep, campaign_id=campaign.id, key=f"own{n}", basis="opening")
        for n in range(2)
    ]
    queue("a", step_id=steps[0], campaign_id=campaign.id)
    with pytest.raises(IntegrityError, match="uq_outbox_message_step_recipient"):
        queue("b", step_id=steps[0], campaign_id=campaign.id, recipient="Ana@Example.org")
    queue("b", step_id=steps[1], campaign_id=campaign.id)
    with pytest.raises(IntegrityError, match="ck_outbox_message_step"):
        queue("c", step_id=steps[0], campaign_id=None, recipient="ben@example.org")


def test_a_new_message_is_due_at_once_untried_and_has_a_token(
    installation: Installation, queue: Queue
) -> None:
    numbers = [queue("a"), queue("b")]
    with installation.sessions() as session:
        one, other = (session.get_one(OutboxMessage, number) for number in numbers)
    assert (one.state, one.attempts, one.bulk, one.details) == ("queued", 0, False, {})
    assert one.next_attempt_at == one.created_at
    assert len(one.token) >= 16
    assert one.token != other.token


def test_only_what_was_sent_has_the_moment_of_it(installation: Installation, queue: Queue) -> None:
    queue("a")
    rules = {
        "state = 'sent', sent_at = now()": "",
        "state = 'failed', sent_at = now()": "ck_outbox_message_sent",
        "state = 'dropped'": "",
    }
    assert refusals(installation, "outbox_message", rules) == rules
