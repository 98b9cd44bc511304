"""The dashboard page: its content, its readers, and what needs attention."""

import time
from typing import Any

import pytest
from sqlalchemy import select, text

from campaign.ledger.invariants import broken_invariants
from campaign.models import AuditEntry, Campaign, StaffRole
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.staff import StaffMaker
from tests.support.stripe import Facts, event


def test_without_a_campaign_it_says_so(staff: StaffMaker) -> None:
    page = staff(StaffRole.viewer).get("/staff/").get_data(as_text=True)
    assert "No campaigns yet" in page


def test_it_shows_gifts_by_source(
    staff: StaffMaker, campaign: Campaign, give: Any, store: Any, installation: Installation
) -> None:
    ana, ben = give("ana@example.org", 2500, code="mail-nine-days"), give("ben@example.org", 7500)
    store(ana.intent_succeeded(), ben.intent_succeeded(), ben.refunded("re_1", 500))
    apply_due_events(installation)
    viewer = staff(StaffRole.viewer)
    page = viewer.get("/staff/").get_data(as_text=True)
    assert 'data-raised="9500"' in page
    for words in (
        "Email: nine days",
        "$20 to $50",
        "$50 to $100",
        "One-time",
        "Needed per day",
        "0 returning, 2 new",
    ):
        assert words in page
    assert "No forecast yet" in page
    assert page.count('<svg class="chart"') == 3
    assert "style=" not in page


def test_a_dispute_can_be_marked_as_reviewed_and_shows_who_did(
    staff: StaffMaker, paid: Facts, store: Any, installation: Installation
) -> None:
    store(paid.disputed("created"))
    apply_due_events(installation)
    finance = staff(StaffRole.finance)
    page = finance.get("/staff/").get_data(as_text=True)
    assert "Disputes and inquiries: 1" in page
    assert f"/staff/donations/{paid.donation.public_id}" in page
    action = page.split('class="single" action="')[1].split('"')[0]
    for _ in range(2):
        assert finance.post_form(action).status_code == 303
    assert "Reviewed by finance@harbor-ledger.example" in finance.get("/staff/").get_data(
        as_text=True
    )
    assert finance.post_form(action, {"undo": "1"}).status_code == 303
    assert "Reviewed by" not in finance.get("/staff/").get_data(as_text=True)
    with installation.sessions() as session:
        actions = session.scalars(
            select(AuditEntry.action).where(AuditEntry.action.startswith("review."))
        )
        assert list(actions) == ["review.acknowledged", "review.acknowledgment_withdrawn"]
    assert staff(StaffRole.viewer).post_form(action).status_code == 403


def test_a_reviewed_dispute_that_is_appealed_wants_a_look_of_its_own(
    staff: StaffMaker, paid: Facts, store: Any, installation: Installation
) -> None:
    store(paid.disputed("created"))
    apply_due_events(installation)
    finance = staff(StaffRole.finance)
    page = finance.get("/staff/").get_data(as_text=True)
    finance.post_form(page.split('class="single" action="')[1].split('"')[0])
    later = int(time.time())
    for happened, status in (("closed", "lost"), ("updated", "appeal_needs_response")):
        later += 1
        store(event(f"charge.dispute.{happened}", paid.dispute(status, -2500), created=later))
    apply_due_events(installation)
    page = finance.get("/staff/").get_data(as_text=True)
    assert "Appeal about $25: fraudulent, appeal needs response" in page
    assert "Reviewed by" not in page
    action = page.split('class="single" action="')[1].split('"')[0]
    assert finance.post_form(action).status_code == 303
    assert "Reviewed by" in finance.get("/staff/").get_data(as_text=True)


@pytest.mark.parametrize(
    ("damage", "shown"),
    [
        (
            "UPDATE gift_tally SET amount = amount + 1 WHERE kind = 'size'",
            "the size tallies add up to 2501",
        ),
        (
            "UPDATE gift_tally SET payments = 7 WHERE kind = 'hour'",
            "the hour tallies count 7 payments",
        ),
        ("DELETE FROM gift_tally WHERE kind = 'code'", "the code tallies add up to 0 from 0 gifts"),
        (
            "UPDATE progress_shard SET gave_before = 1",
            "0 of its donors had given before, the progress shards count 1",
        ),
    ],
)
def test_the_ledger_check_finds_a_wrong_tally(
    installation: Installation, paid: Facts, damage: str, shown: str
) -> None:
    with installation.engine.begin() as connection:
        connection.execute(text(damage))
    with installation.sessions() as session:
        assert any(shown in breach for breach in broken_invariants(session))
