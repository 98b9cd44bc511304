"""Removing a person from the outbox: nothing of them stays, unsent emails are dropped, and statistics remain."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from campaign.mailer.redaction import redact_emails
from campaign.models import Campaign, OutboxMessage, OutboxState
from campaign.runtime.context import Installation
from tests.support.campaign_emails import messages, queue_appeals

AT = datetime(2026, 12, 22, 8, tzinfo=UTC)


def redact(session: Session, address: str = "ana@example.org") -> int:
    return redact_emails(session, OutboxMessage.recipient == address, "the person was erased")


@pytest.mark.parametrize("state", [one.value for one in OutboxState])
def test_the_person_is_removed_and_what_was_not_sent_is_dropped(
    installation: Installation, campaign: Campaign, state: str
) -> None:
    sent_at = AT if state == "sent" else None
    given: dict[str, Any] = {
        "state": state,
        "sent_at": sent_at,
        "lease_until": AT,
        "last_error": "550 ana@example.org is unknown",
        "bounce": "5.1.1 ana@example.org",
        "bounced_at": AT,
        "details": {"problems": ["ana@example.org"], "year": 2026},
    }
    queue_appeals(installation, campaign, "ana@example.org", **given)
    queue_appeals(installation, campaign, "ben@example.org", state="queued")
    before = messages(installation)
    with installation.sessions.begin() as session:
        assert redact(session) == 1
    row, other = messages(installation)
    assert (row.recipient, row.name, row.bounce, row.step_id) == ("", "", None, None)
    assert row.details == {"year": 2026}
    assert row.lease_until is None
    if state == "sent":
        assert (row.state, row.sent_at, row.last_error) == ("sent", AT, None)
    else:
        assert (row.state, row.last_error) == ("dropped", "the person was erased")
    assert (row.kind, row.campaign_id, row.bounced_at) == ("appeal", campaign.id, AT)
    assert (row.message_id, row.token) == (before[0].message_id, before[0].token)
    assert (other.recipient, other.name, other.state) == ("ben@example.org", "Ben", "queued")
    assert other.step_id == before[1].step_id is not None


def test_two_people_of_one_step_can_be_removed(
    installation: Installation, campaign: Campaign
) -> None:
    queue_appeals(installation, campaign, "ana@example.org", "ben@example.org")
    with installation.sessions.begin() as session:
        assert [redact(session), redact(session, "ben@example.org"), redact(session)] == [1, 1, 0]
    assert [row.recipient for row in messages(installation)] == ["", ""]
