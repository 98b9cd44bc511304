"""What a message in the outbox begins with. `test_constraints.py` has the rules of its table."""

from collections.abc import Callable

import pytest

from campaign.models import OutboxMessage
from campaign.runtime.context import Installation
from tests.support.raw_sql import insert

Queue = Callable[..., int]


@pytest.fixture
def queue(installation: Installation) -> Queue:
    """Insert a message; return its id."""

    def put(subject_key: str, **values: object) -> int:
        shown = {"kind": "appeal", "recipient": "ana@example.org", "message_id": f"<{subject_key}>"}
        return insert(installation, OutboxMessage, subject_key=subject_key, **{**shown, **values})

    return put


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
