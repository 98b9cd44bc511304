"""After a restore: Stripe's events do not bring an erased person back, and who came back later stays."""

import json
from datetime import timedelta

from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.core.engine_keys import address_digests
from campaign.models import Donor, InboxEvent
from campaign.privacy.erased_people import ErasureEntry
from campaign.privacy.restored_people import bring_in, erase_restored
from tests.support.donors import add_donor
from tests.support.personal_data import ADA


def entry(session: Session, ago: timedelta) -> ErasureEntry:
    at = (now() - ago).isoformat()
    return ErasureEntry(f"k{ago}", at, [], [], address_digests(session, "ana@example.org")[:1])


def test_only_erasures_after_the_backup_are_brought_in_once(session: Session) -> None:
    entries = [entry(session, timedelta(hours=hours)) for hours in (3, 1)]
    made_at = now() - timedelta(hours=2)
    assert [bring_in(session, entries, made_at, now()) for _ in range(2)] == [1, 0]


def test_an_event_that_is_recovered_later_loses_her_and_her_new_record_stays(
    session: Session,
) -> None:
    bring_in(session, [entry(session, timedelta(hours=1))], now() - timedelta(hours=2), now())
    back = add_donor(session, "ana@example.org")
    back.created_at = now()
    body = json.dumps({"data": {"object": {"receipt_email": "ana@example.org"}}}).encode()
    session.add(
        InboxEvent(
            id="evt_1", type="x", body=body, occurred_at=now(), received_at=now() + timedelta(1)
        )
    )
    session.flush()
    assert erase_restored(session, ADA, now(), restoring=False) == 0
    session.expire_all()
    assert b"ana@" not in session.get_one(InboxEvent, "evt_1").body
    assert session.get_one(Donor, back.id).email == "ana@example.org"
