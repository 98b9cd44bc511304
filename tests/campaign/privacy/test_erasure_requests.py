"""An erasure request: saved once per person, withdrawn, approved, returned to staff, and done."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.core.clock import now
from campaign.models import (
    AuditEntry,
    Campaign,
    Donor,
    ErasureRequest,
    OutboxMessage,
    StaffRole,
)
from campaign.privacy.erasure_requests import (
    approve_erasure,
    approved_requests,
    close_requests,
    open_request,
    request_erasure,
    return_to_staff,
    withdraw_request,
)
from campaign.runtime.context import Installation
from tests.support.donors import add_donation, add_donor

DOMAIN = "harbor-ledger.example"
ADA = Actor("ada@harbor-ledger.example", StaffRole.admin)


@pytest.fixture
def ana(session: Session) -> Donor:
    return add_donor(session, "ana@example.org")


def actions(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def notes(session: Session) -> list[str]:
    found = session.scalars(select(OutboxMessage.details).order_by(OutboxMessage.id))
    return [one["about"] for one in found]


def test_a_person_has_one_request_for_all_their_records(session: Session, ana: Donor) -> None:
    work = add_donor(session, "ana@work.example")
    assert request_erasure(session, work, DOMAIN, now())
    work.merged_into_id = ana.id
    session.flush()
    assert not request_erasure(session, ana, DOMAIN, now())
    found = open_request(session, ana)
    assert found is not None
    assert found.donor_id == work.id
    assert (actions(session), notes(session)) == (["donor.erasure_requested"], ["erasure_asked"])


def test_two_concurrent_clicks_are_one_request(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        ana = add_donor(session, "ana@example.org")

    def ask(_: int) -> bool:
        with installation.sessions.begin() as session:
            return request_erasure(session, session.get_one(Donor, ana.id), DOMAIN, now())

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(ask, range(3))) == [False, False, True]
    with installation.sessions() as session:
        assert session.scalar(select(func.count()).select_from(ErasureRequest)) == 1
        assert notes(session) == ["erasure_asked"]


def test_a_withdrawn_request_is_closed_and_can_be_made_again(session: Session, ana: Donor) -> None:
    assert not withdraw_request(session, ana, now())
    assert actions(session) == []
    request_erasure(session, ana, DOMAIN, now())
    assert withdraw_request(session, ana, now())
    assert not withdraw_request(session, ana, now())
    assert open_request(session, ana) is None
    assert request_erasure(session, ana, DOMAIN, now())
    asked = "donor.erasure_requested"
    assert actions(session) == [asked, "donor.erasure_withdrawn", asked]


def test_staff_approve_once_with_or_without_a_request_from_the_donor_page(
    session: Session, ana: Donor
) -> None:
    at = now()
    for later, who in enumerate((ADA, Actor("fay@harbor-ledger.example", StaffRole.admin))):
        approve_erasure(session, ana, who, at + timedelta(hours=later))
    (agreed,) = approved_requests(session)
    session.refresh(agreed)
    assert (agreed.donor_id, agreed.approved_by, agreed.approved_at) == (ana.id, ADA.name, at)
    assert actions(session) == ["donor.erasure_approved"]


def test_an_erased_person_gets_no_new_request(session: Session) -> None:
    gone = add_donor(session, "", "", erased_at=now())
    approve_erasure(session, gone, ADA, now())
    assert list(approved_requests(session)) == []
    assert actions(session) == []


def test_the_oldest_approval_is_carried_out_first(session: Session) -> None:
    at = now()
    donors = [add_donor(session, f"{name}@example.org") for name in ("ana", "ben", "cy", "di")]
    for donor in donors:
        request_erasure(session, donor, DOMAIN, at)
    for place, donor in enumerate((donors[2], donors[0], donors[3])):
        approve_erasure(session, donor, ADA, at + timedelta(minutes=place))
    withdraw_request(session, donors[3], at)
    found = [one.donor_id for one in approved_requests(session)]
    assert found == [donors[2].id, donors[0].id]


def test_a_request_that_could_not_be_carried_out_returns_to_staff(
    session: Session, ana: Donor
) -> None:
    request_erasure(session, ana, DOMAIN, now())
    approve_erasure(session, ana, ADA, now())
    return_to_staff(session, ana.id, ADA, "a monthly gift goes on")
    assert list(approved_requests(session)) == []
    assert open_request(session, ana) is not None
    last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (last.action, last.after) == (
        "donor.erasure_refused",
        {"reason": "a monthly gift goes on"},
    )


def test_returning_one_request_leaves_those_of_others_approved(
    session: Session, ana: Donor
) -> None:
    ben = add_donor(session, "ben@example.org")
    for donor in (ana, ben):
        approve_erasure(session, donor, ADA, now())
    return_to_staff(session, ana.id, ADA, "a monthly gift goes on")
    assert [one.donor_id for one in approved_requests(session)] == [ben.id]


def test_approving_for_one_person_approves_for_nobody_else(session: Session, ana: Donor) -> None:
    ben = add_donor(session, "ben@example.org")
    for donor in (ana, ben):
        request_erasure(session, donor, DOMAIN, now())
    approve_erasure(session, ana, ADA, now())
    assert [one.donor_id for one in approved_requests(session)] == [ana.id]
    assert withdraw_request(session, ana, now())
    assert open_request(session, ana) is None
    assert open_request(session, ben) is not None


def test_of_two_requests_of_a_merged_person_the_older_is_the_open_one(
    session: Session, ana: Donor
) -> None:
    work = add_donor(session, "ana@work.example")
    for donor in (ana, work):
        request_erasure(session, donor, DOMAIN, now())
    work.merged_into_id = ana.id
    # A row that was changed last is the last on the disk.
    first = update(ErasureRequest).where(ErasureRequest.donor_id == ana.id)
    session.execute(first.values(asked_at=now()))
    found = open_request(session, ana)
    assert found is not None
    assert found.donor_id == ana.id


def test_requests_approved_at_the_same_moment_are_carried_out_in_order(
    session: Session, ana: Donor
) -> None:
    at = now()
    donors = [ana, *(add_donor(session, f"{name}@example.org") for name in ("ben", "cy"))]
    for donor in donors:
        request_erasure(session, donor, DOMAIN, at)
    for donor in donors[::-1]:
        approve_erasure(session, donor, ADA, at)
    assert [one.donor_id for one in approved_requests(session)] == [one.id for one in donors]


def test_an_approval_waits_for_a_change_of_the_donor_and_no_gift_waits_for_it(
    installation: Installation, campaign: Campaign
) -> None:
    with installation.sessions.begin() as session:
        number = add_donor(session, "ana@example.org").id
    with installation.sessions() as first, installation.sessions() as second:
        approve_erasure(first, first.get_one(Donor, number), ADA, now())
        second.execute(text("SET LOCAL lock_timeout = '50ms'"))
        donor = second.get_one(Donor, number)
        add_donation(second, campaign, donor)
        with pytest.raises(OperationalError, match="lock timeout") as refused:
            approve_erasure(second, donor, ADA, now())
    assert "FOR NO KEY UPDATE" in str(refused.value.statement)


def test_only_a_person_with_a_request_gets_one_final_email(session: Session, ana: Donor) -> None:
    ben = add_donor(session, "ben@example.org")
    work = add_donor(session, "ana@work.example", merged_into_id=ana.id)
    request_erasure(session, ana, DOMAIN, now())
    close_requests(session, [ben], DOMAIN, now())
    for _ in range(2):
        close_requests(session, [ana, work], DOMAIN, now())
    assert notes(session) == ["erasure_asked", "erased"]
    sent = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()
    assert {(one.recipient, one.donor_id) for one in sent} == {("ana@example.org", ana.id)}
    assert open_request(session, ana) is None
    # What was done before stays as it was.
    return_to_staff(session, ana.id, ADA, "late")
    assert session.scalars(select(ErasureRequest.done_at)).one() is not None


def test_no_email_is_queued_without_a_mail_domain(session: Session, ana: Donor) -> None:
    request_erasure(session, ana, DOMAIN, now())
    close_requests(session, [ana], "", now())
    assert notes(session) == ["erasure_asked"]
    assert open_request(session, ana) is None
