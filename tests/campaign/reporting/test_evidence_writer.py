"""How the evidence writes what became of an email."""

from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.models import Campaign, OutboxMessage
from campaign.reporting.evidence_sections import evidence_sections, missing_facts
from tests.support.dispute_evidence import issue, section, writer_about
from tests.support.donors import add_donation, add_donor


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": "sent", "sent_at": now()}, "accepted by the mail server for ana@example.org on"),
        ({"state": "sent", "sent_at": now(), "bounced_at": now()}, "bounced on"),
        ({"state": "failed", "last_error": "refused"}, "not sent"),
        ({"state": "dropped"}, "not sent"),
        ({"state": "queued"}, "not sent yet"),
    ],
)
def test_only_a_receipt_that_arrived_is_called_delivered(
    session: Session, campaign: Campaign, changes: dict[str, Any], said: str
) -> None:
    gift = add_donation(session, campaign, add_donor(session, "ana@example.org"))
    issue(session, gift)
    session.execute(update(OutboxMessage).values(**changes))
    writer = writer_about(session, gift)
    (row,) = section(evidence_sections(writer), "receipts").cells
    assert row[-1].startswith(said)
    assert (row[-1] == said) or changes["state"] == "sent"
    unsent = "No receipt was sent by email." in missing_facts(writer)
    assert unsent == (changes["state"] != "sent")
