"""A donor's own copy of their data: all of it, without the names of staff, and recorded."""

import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.models import AuditEntry, Campaign, LedgerEntry, OfflineGift, Refund
from campaign.privacy.donor_export import export_personal_data
from campaign.privacy.erasure_requests import approve_erasure
from campaign.privacy.personal_data_export import collect_personal_data, data_subject_of
from tests.support.donors import add_donor
from tests.support.personal_data import ADA, everything_of

STAFF = "ada@harbor-ledger.example"


def add_what_staff_did(session: Session, campaign: Campaign, donation_id: int) -> None:
    """Add an offline gift, a refund and a correction with a staff member's address."""
    session.scalars(select(OfflineGift)).one().entered_by = STAFF
    session.add_all(
        [
            Refund(
                donation_id=donation_id,
                amount=100,
                currency="usd",
                state="requested",
                request_token="r",
                requested_by=STAFF,
                created_at=now(),
            ),
            LedgerEntry(
                campaign_id=campaign.id,
                donation_id=donation_id,
                kind="payment",
                amount=2500,
                currency="usd",
                occurred_at=now(),
                source="charge-1",
            ),
        ]
    )
    session.flush()
    session.add(
        LedgerEntry(
            campaign_id=campaign.id,
            donation_id=donation_id,
            kind="correction",
            amount=100,
            currency="usd",
            occurred_at=now(),
            source="correction-1",
            reason="Booked twice",
            recorded_by=STAFF,
        )
    )
    session.flush()


def test_the_copy_has_everything_held_but_the_names_of_staff(
    session: Session, campaign: Campaign
) -> None:
    donor = everything_of(session, campaign, "xanthippe")
    gift = data_subject_of(session, donor).donations[0]
    add_what_staff_did(session, campaign, gift.id)
    approve_erasure(session, donor, ADA, now())
    session.flush()
    held = collect_personal_data(session, data_subject_of(session, donor))
    copy = export_personal_data(session, donor)
    # The test itself: staff appear in what is held.
    assert json.dumps(held).count(STAFF) >= 5
    assert STAFF not in json.dumps(copy)
    assert "xanthippe called" in json.dumps(copy["notes"])
    assert {part: len(rows) for part, rows in copy.items()} == {
        part: len(rows) for part, rows in held.items()
    }
    hidden = {
        name
        for part, rows in held.items()
        for row, kept in zip(rows, copy[part], strict=True)
        if isinstance(row, dict)
        for name in row.keys() - kept.keys()
    }
    assert all(name == "actor" or name.endswith(("_by", "staff_id")) for name in hidden), hidden


def test_the_export_is_recorded_as_the_donors_own(session: Session) -> None:
    ana = add_donor(session, "ana@example.org")
    assert export_personal_data(session, ana)["addresses"] == ["ana@example.org"]
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.action, entry.actor, entry.staff_id, entry.subject_kind, entry.subject_key) == (
        "donor.exported",
        f"donor {ana.id}",
        None,
        "donor",
        str(ana.id),
    )
