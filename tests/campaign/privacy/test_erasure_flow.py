"""Erasing a person from stored events and from every other row, at staff's request or a donor's."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.core.errors import CampaignError, ErasureRefused
from campaign.models import (
    AuditEntry,
    Campaign,
    Donor,
    ErasureRequest,
    InboxEvent,
    OutboxMessage,
)
from campaign.privacy import event_redaction
from campaign.privacy.erasure_flow import erase, erase_approved, stored_events
from campaign.privacy.erasure_requests import approve_erasure, request_erasure, withdraw_request
from campaign.privacy.personal_data_export import DataSubject, find_data_subject
from campaign.runtime.context import Installation
from tests.support.donors import add_donation, add_donor, add_subscription
from tests.support.locks import waits_for_a_lock
from tests.support.personal_data import ADA
from tests.support.stripe import Facts

DOMAIN = "harbor-ledger.example"
Person = Callable[[Session], DataSubject]


def find_ana(session: Session) -> DataSubject:
    return find_data_subject(session, "ana@example.org")


def add_event(session: Session, key: str, **found: object) -> None:
    body = json.dumps({"id": key, "data": {"object": found}}).encode()
    session.add(InboxEvent(id=key, type="charge.succeeded", body=body, occurred_at=now()))
    session.flush()


def bodies(installation: Installation) -> dict[str, str]:
    with installation.sessions() as session:
        query = select(InboxEvent.id, InboxEvent.body)
        return {key: body.decode() for key, body in session.execute(query)}


def add(installation: Installation, *names: str) -> list[int]:
    """Add donors of these names; return their ids."""
    with installation.sessions.begin() as session:
        return [add_donor(session, f"{name}@example.org", name.title()).id for name in names]


def approve(installation: Installation, *donor_ids: int) -> None:
    with installation.sessions.begin() as session:
        for minutes, donor_id in enumerate(donor_ids):
            donor = session.get_one(Donor, donor_id)
            approve_erasure(session, donor, ADA, now() + timedelta(minutes=minutes))


def names(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        return list(session.scalars(select(Donor.name).order_by(Donor.id)))


def test_without_a_person_no_event_is_redacted(installation: Installation, paid: Facts) -> None:
    before = bodies(installation)
    assert before
    assert stored_events(installation, DataSubject([], [], []), forget=True) == []
    assert bodies(installation) == before


def test_events_that_mention_an_address_or_a_gift_are_found_and_redacted_only_if_asked(
    installation: Installation, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_redaction, "BATCH_SIZE", 2)
    with installation.sessions.begin() as session:
        gift = add_donation(session, campaign, add_donor(session, "ana@example.org"))
        add_event(session, "evt_1", email="ANA@example.org")
        add_event(session, "evt_2", email="ben@example.org")
        add_event(session, "evt_3", metadata={"donation_id": gift.public_id}, name="Ana")
        add_event(session, "evt_4", email="ana@example.org")
        person = find_ana(session)
    before = bodies(installation)
    for forget in (False, True):
        assert bodies(installation) == before
        found = stored_events(installation, person, forget=forget)
        assert found == ["evt_1", "evt_3", "evt_4"]
    after = bodies(installation)
    assert after["evt_2"] == before["evt_2"]
    assert "ana" not in str(after.values()).lower().replace(gift.public_id.lower(), "")


def test_a_person_is_erased_from_events_and_rows_and_counted(
    installation: Installation, campaign: Campaign
) -> None:
    ana, _ = add(installation, "ana", "ben")
    with installation.sessions.begin() as session:
        for name in ("ana", "ben"):
            add_event(session, f"evt_{name}", email=f"{name}@example.org")
    erased, events = erase(installation, find_ana, ADA)
    # She neither gave nor consented to anything, but was known.
    assert (erased.anything, erased.records, events) == (True, 1, 1)
    assert names(installation) == ["", "Ben"]
    assert "ana@" not in bodies(installation)["evt_ana"]
    assert "ben@" in bodies(installation)["evt_ben"]
    with installation.sessions() as session:
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.actor, entry.subject_key) == (
            "donor.erased",
            ADA.name,
            str(ana),
        )


def test_a_refused_erasure_changes_neither_events_nor_rows(
    installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions.begin() as session:
        add_subscription(session, campaign, add_donor(session, "ana@example.org"))
        add_event(session, "evt_1", email="ana@example.org")
    before = bodies(installation)
    with pytest.raises(ErasureRefused):
        erase(installation, find_ana, ADA)
    assert (bodies(installation), names(installation)) == (before, ["Ana Reyes"])


def test_only_approved_requests_that_are_still_open_are_carried_out(
    installation: Installation, campaign: Campaign
) -> None:
    ana, ben, cy, di = add(installation, "ana", "ben", "cy", "di")
    with installation.sessions.begin() as session:
        for donor in (ana, ben, cy, di):
            add_donation(session, campaign, session.get_one(Donor, donor))
        for donor in (ben, cy):
            request_erasure(session, session.get_one(Donor, donor), DOMAIN, now())
    approve(installation, cy, di, ana)
    with installation.sessions.begin() as session:
        withdraw_request(session, session.get_one(Donor, di), now())
    assert erase_approved(installation) == 2
    assert names(installation) == ["", "Ben", "", "Di"]
    assert erase_approved(installation) == 0
    with installation.sessions() as session:
        done = select(ErasureRequest.donor_id).where(ErasureRequest.done_at.is_not(None))
        assert set(session.scalars(done)) == {ana, cy}
        entries = select(AuditEntry).where(AuditEntry.action == "donor.erased")
        assert [(one.actor, one.subject_key) for one in session.scalars(entries)] == [
            (ADA.name, str(cy)),
            (ADA.name, str(ana)),
        ]
        # Only those who asked on their own page have an address to write to one last time; Ana and
        # Di were approved by staff, and Ana's request was added then.
        written = select(OutboxMessage).where(OutboxMessage.state == "queued")
        about = sorted((one.recipient, one.details["about"]) for one in session.scalars(written))
        assert about == [
            ("ana@example.org", "erased"),
            ("ben@example.org", "erasure_asked"),
            ("cy@example.org", "erased"),
        ]


def test_a_request_that_must_wait_returns_to_staff_and_the_next_is_carried_out(
    installation: Installation, campaign: Campaign
) -> None:
    ana, ben = add(installation, "ana", "ben")
    with installation.sessions.begin() as session:
        monthly = add_subscription(session, campaign, session.get_one(Donor, ana)).stripe_id
        add_donation(session, campaign, session.get_one(Donor, ben))
    approve(installation, ana, ben)
    assert erase_approved(installation) == 1
    assert names(installation) == ["Ana", ""]
    with installation.sessions() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "donor.erasure_refused")
        ).one()
        assert (entry.actor, entry.subject_key) == (ADA.name, str(ana))
        assert entry.after is not None
        assert f"campaign subscription cancel {monthly}" in entry.after["reason"]
        request = session.scalars(select(ErasureRequest).filter_by(donor_id=ana)).one()
        assert (request.approved_at, request.approved_by, request.done_at) == (None, "", None)
    assert erase_approved(installation) == 0


def test_a_failure_for_one_person_is_named_without_their_name_and_stops_nobody_else(
    installation: Installation, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, ben = add(installation, "ana", "ben")
    with installation.sessions.begin() as session:
        add_event(session, "evt_1", email="ana@example.org")
        add_donation(session, campaign, session.get_one(Donor, ben))
        # No JSON, so that it cannot be redacted.
        session.get_one(InboxEvent, "evt_1").body = b"ana@example.org"
    approve(installation, ana, ben)
    with pytest.raises(CampaignError) as failed:
        erase_approved(installation)
    assert f"donor {ana} (JSONDecodeError)" in str(failed.value)
    assert "ana@" not in str(failed.value)
    assert str(ben) not in str(failed.value).replace(str(ana), "")
    assert names(installation) == ["Ana", ""]


def test_a_request_that_is_withdrawn_at_the_last_moment_is_not_carried_out(
    installation: Installation,
) -> None:
    (ana,) = add(installation, "ana")
    approve(installation, ana)
    with ThreadPoolExecutor(1) as pool:
        with installation.sessions.begin() as session:
            withdraw_request(session, session.get_one(Donor, ana), now())
            # The worker still reads it as open, and waits for its row.
            worker = pool.submit(erase_approved, installation)
            assert waits_for_a_lock(installation, worker)
        assert worker.result(60) == 0
    assert names(installation) == ["Ana"]


def test_concurrent_workers_erase_a_person_once(
    installation: Installation, campaign: Campaign
) -> None:
    (ana,) = add(installation, "ana")
    with installation.sessions.begin() as session:
        add_donation(session, campaign, session.get_one(Donor, ana))
    approve(installation, ana)
    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(lambda _: erase_approved(installation), range(3))) == 1
    with installation.sessions() as session:
        entries = select(AuditEntry).where(AuditEntry.action == "donor.erased")
        assert len(session.scalars(entries).all()) == 1
