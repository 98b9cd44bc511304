"""Staff approve an erasure; a worker carries it out once, unless the donor withdraws the request."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import select, update

from campaign.core.clock import now
from campaign.core.errors import CampaignError
from campaign.models import AuditEntry, Donation, Donor, ErasureRequest, OutboxMessage
from campaign.privacy.erasure_flow import erase_approved
from campaign.privacy.erasure_requests import request_erasure, withdraw_request
from campaign.runtime.context import Installation
from tests.support.offline_gifts import Enter, gift_of
from tests.support.staff import StaffClient, StaffMaker
from tests.support.stripe import Facts

DOMAIN = "harbor-ledger.example"


@pytest.fixture
def donor_id(installation: Installation, paid: Facts) -> int:
    """Return Ana, who has given."""
    with installation.sessions() as session:
        return session.get_one(Donation, paid.donation.id).donor_id


@pytest.fixture
def admin(staff: StaffMaker) -> StaffClient:
    return staff()


def ask(installation: Installation, donor_id: int) -> None:
    with installation.sessions.begin() as session:
        assert request_erasure(session, session.get_one(Donor, donor_id), DOMAIN, now())


def done(installation: Installation) -> list[tuple[str, str]]:
    """Return the audit entries about erasures, with their actors."""
    with installation.sessions() as session:
        query = select(AuditEntry.action, AuditEntry.actor).order_by(AuditEntry.id)
        return [(one, who) for one, who in session.execute(query) if "eras" in one]


def test_a_donors_erasure_request_is_approved_and_carried_out_once(
    installation: Installation, admin: StaffClient, donor_id: int
) -> None:
    ask(installation, donor_id)
    page = f"/staff/donors/{donor_id}/erase"
    assert page in admin.get("/staff/").text
    assert erase_approved(installation) == 0
    assert "ana@example.org" in admin.get(page).text
    assert [admin.post_form(page).status_code for _ in range(2)] == [303, 303]
    assert page not in admin.get("/staff/").text
    assert "It will be done within minutes" in admin.get(f"/staff/donors/{donor_id}").text
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: erase_approved(installation), range(4))) == 1
    with installation.sessions() as session:
        donor = session.get_one(Donor, donor_id)
        assert (donor.name, donor.email, donor.erased_at is not None) == ("", "", True)
        notes = select(OutboxMessage).where(OutboxMessage.kind == "donor_page_note")
        assert [one.details["about"] for one in session.scalars(notes)].count("erased") == 1
    assert done(installation)[1:] == [
        ("donor.erasure_approved", admin.member.email),
        ("donor.erased", admin.member.email),
    ]
    assert "This donor’s data was erased on" in admin.get(page).text
    # A late submission from a window left open starts nothing.
    logged = done(installation)
    assert admin.post_form(page).status_code == 303
    assert (erase_approved(installation), done(installation)) == (0, logged)


def test_a_donor_can_be_erased_without_an_online_request(
    installation: Installation, admin: StaffClient, donor_id: int
) -> None:
    assert f"/staff/donors/{donor_id}/erase" in admin.get(f"/staff/donors/{donor_id}").text
    assert admin.post_form(f"/staff/donors/{donor_id}/erase").status_code == 303
    assert erase_approved(installation) == 1
    with installation.sessions() as session:
        assert session.scalars(select(ErasureRequest)).one().done_at is not None


def test_a_donor_without_email_is_erased_without_a_confirmation(
    installation: Installation, admin: StaffClient, enter: Enter
) -> None:
    gift = gift_of(enter(email=""))
    with installation.sessions() as session:
        donor_id = session.get_one(Donation, gift.donation_id).donor_id
    page = f"/staff/donors/{donor_id}/erase"
    assert "There is no email address, so the donor gets no confirmation" in admin.get(page).text
    assert admin.post_form(page).status_code == 303
    assert erase_approved(installation) == 1
    with installation.sessions() as session:
        assert session.get_one(Donor, donor_id).name == ""
        assert session.scalars(select(OutboxMessage)).all() == []


def test_one_failed_erasure_does_not_stop_the_others(
    installation: Installation, admin: StaffClient, enter: Enter, donor_id: int, database_url: str
) -> None:
    with installation.sessions() as session:
        given = session.get_one(Donation, gift_of(enter(email="ben@example.org")).donation_id)
        other = given.donor_id
    for one in (donor_id, other):
        assert admin.post_form(f"/staff/donors/{one}/erase").status_code == 303
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RAISE 'no room for ana@example.org'; END $$"
        )
        connection.execute(
            "CREATE TRIGGER stop BEFORE UPDATE ON donor FOR EACH ROW"
            f" WHEN (old.id = {donor_id:d}) EXECUTE FUNCTION stop()"
        )
    with pytest.raises(CampaignError) as failed:
        erase_approved(installation)
    assert f"donor {donor_id} (RaiseException)" in str(failed.value)
    assert "ana@" not in str(failed.value)
    with installation.sessions() as session:
        assert session.get_one(Donor, donor_id).email == "ana@example.org"
        assert session.get_one(Donor, other).email == ""
    with psycopg.connect(database_url) as connection:
        connection.execute("DROP TRIGGER stop ON donor")
    assert erase_approved(installation) == 1


def test_a_request_can_be_withdrawn_until_it_is_done(
    installation: Installation, admin: StaffClient, donor_id: int
) -> None:
    ask(installation, donor_id)
    assert admin.post_form(f"/staff/donors/{donor_id}/erase").status_code == 303
    with installation.sessions.begin() as session:
        assert withdraw_request(session, session.get_one(Donor, donor_id), now())
    assert erase_approved(installation) == 0
    with installation.sessions() as session:
        assert session.get_one(Donor, donor_id).email == "ana@example.org"


def test_erasure_is_rejected_while_a_payment_is_pending_and_returns_to_staff(
    installation: Installation, admin: StaffClient, give: Callable[..., Facts], donor_id: int
) -> None:
    ask(installation, donor_id)
    page = f"/staff/donors/{donor_id}/erase"
    ends = update(Donation).where(Donation.id == give().donation.id)
    with installation.sessions.begin() as session:
        session.execute(ends.values(session_expires_at=now() + timedelta(hours=1)))
    answer = admin.post_form(page)
    assert (answer.status_code, "may still be paid" in answer.text) == (422, True)
    with installation.sessions.begin() as session:
        session.execute(ends.values(session_expires_at=now()))
    assert admin.post_form(page).status_code == 303
    with installation.sessions.begin() as session:
        session.execute(ends.values(session_expires_at=now() + timedelta(hours=1)))
    assert erase_approved(installation) == 0
    assert done(installation)[-1][0] == "donor.erasure_refused"
    assert page in admin.get("/staff/").text
