"""Documents on the donor page: receipts, statements, the data export, and erasure requests."""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from campaign.core.clock import now
from campaign.donors.notes import add_donor_note
from campaign.emails.delivery import deliver_due
from campaign.models import (
    Donation,
    Donor,
    ErasureRequest,
    OutboxMessage,
    Receipt,
    StaffRole,
)
from campaign.privacy.erasure import erase_person
from campaign.privacy.personal_data_export import find_data_subject
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.outbox.receiver import MailReceiver
from tests.support.donor_portal import (
    ANA,
    MIA,
    Give,
    Store,
    audited,
    donor_of,
    open_donor_page,
    send,
)
from tests.support.staff import COMMAND_LINE, StaffMaker
from tests.support.stripe import Facts


def test_a_receipt_is_sent_again_and_a_past_year_has_a_statement(
    client: FlaskClient, mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    open_donor_page(client, mailing, mailbox)
    path = f"/me/receipts/{paid.donation.public_id}"
    assert send(client, path).location == "/me?message=receipt"
    assert send(client, path).location == "/me?message=receipt_waits"
    mailbox.clear()
    deliver_due(mailing)
    assert [one.recipients for one in mailbox.messages] == [(ANA,)]
    assert send(client, path).status_code == 303
    assert send(client, path).status_code == 429
    with mailing.sessions() as session:
        year = session.scalars(select(Receipt)).one().gift_date.year
    assert client.get(f"/me/statements/{year}.pdf").status_code == 404
    with time_machine.travel(now() + timedelta(days=400)):
        open_donor_page(client, mailing, mailbox)
        paper = client.get(f"/me/statements/{year}.pdf")
        assert paper.data.startswith(b"%PDF")
        assert paper.headers["Cache-Control"] == "no-store"
        assert client.get(f"/me/statements/{year - 1}.pdf").status_code == 404


def test_the_export_has_no_secrets_staff_or_other_people(
    client: FlaskClient, mailing: Installation, mailbox: MailReceiver, paid: Facts, give: Give
) -> None:
    give("ben@example.org", 500, name="Ben", attempt="b")
    with mailing.sessions.begin() as session:
        donor = session.scalars(select(Donor).where(Donor.email == ANA)).one()
        add_donor_note(session, donor, "Called us", MIA)
        # An address of an earlier gift that is another donor's by now.
        session.execute(
            update(Donation).where(Donation.id == paid.donation.id).values(email="ben@example.org")
        )
    open_donor_page(client, mailing, mailbox)
    answer = send(client, "/me/export")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    held = json.loads(answer.text)
    assert [one["amount"] for one in held["donations"]] == [2500]
    assert held["notes"][0]["text"] == "Called us"
    assert held["addresses"] == [ANA]
    for secret in ("digest", paid.donation.token, "mia@", '"Ben"'):
        assert secret not in answer.text, secret
    assert audited(mailing) == [(f"donor {donor.id}", "donor.exported")]


def test_an_erasure_request_is_saved_once_shown_to_staff_done_and_confirmed(
    client: FlaskClient,
    mailing: Installation,
    mailbox: MailReceiver,
    paid: Facts,
    staff: StaffMaker,
) -> None:
    open_donor_page(client, mailing, mailbox)
    assert "within 30 days" in client.get("/me/erasure").text
    for _ in range(2):
        assert send(client, "/me/erasure").location == "/me?message=erasure"
    assert send(client, "/me/erasure/withdraw").location == "/me?message=stays"
    send(client, "/me/erasure/withdraw")
    send(client, "/me/erasure")
    mailbox.clear()
    deliver_due(mailing)
    subjects = [one.subject for one in mailbox.messages]
    assert subjects == ["The Harbor Ledger received your request to delete your data"] * 2
    actions = [action.partition(".")[2] for _, action in audited(mailing)]
    assert actions == ["erasure_requested", "erasure_withdrawn", "erasure_requested"]
    viewer = staff(StaffRole.viewer)
    assert "Erasure requests" in viewer.get("/staff/").text
    donor = donor_of(mailing, ANA)
    assert "to have their data erased" in viewer.get(f"/staff/donors/{donor.id}").text
    mailbox.clear()
    with mailing.sessions.begin() as session:
        erase_person(session, find_data_subject(session, ANA), COMMAND_LINE, now(), "example.org")
    assert "Gift history" not in client.get("/me").text
    assert "Erasure requests" not in viewer.get("/staff/").text
    deliver_due(mailing)
    assert [one.recipients for one in mailbox.messages] == [(ANA,)]
    assert "has deleted your data" in mailbox.messages[0].subject
    with mailing.sessions() as session:
        addresses = set(session.scalars(select(OutboxMessage.recipient)))
        assert ANA not in addresses
        ended = session.execute(select(ErasureRequest.done_at, ErasureRequest.withdrawn_at)).all()
    assert [bool(done) for done, _ in ended] == [False, True]


def test_a_statement_is_available_from_january_1_in_the_organizations_zone(
    client: FlaskClient, mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    with mailing.sessions() as session:
        year = session.scalars(select(Receipt)).one().gift_date.year
    new_year = datetime(year + 1, 1, 1, tzinfo=ZoneInfo("America/Los_Angeles"))
    for seconds, status in ((-1, 404), (0, 200)):
        with time_machine.travel(new_year + timedelta(seconds=seconds), tick=False):
            if status == 404:
                open_donor_page(client, mailing, mailbox)
            assert client.get(f"/me/statements/{year}.pdf").status_code == status, seconds
    assert client.get("/me/statements/99999.pdf").status_code in {302, 303, 404}


def test_documents_belong_to_the_signed_in_donor_only(
    app: Flask,
    client: FlaskClient,
    mailing: Installation,
    mailbox: MailReceiver,
    paid: Facts,
    give: Give,
    store: Store,
) -> None:
    other = give("ben@example.org", 500, name="Ben", attempt="b")
    store(other.completed())
    apply_due_events(mailing)
    open_donor_page(client, mailing, mailbox)
    for name in (other.donation.public_id, "don_none"):
        assert send(client, f"/me/receipts/{name}").status_code == 404
    stranger = app.test_client()
    for path in ("/me/statements/2025.pdf", "/me/erasure"):
        assert stranger.get(path).status_code == 303, path
    assert stranger.post("/me/export").location == "/me?message=closed"


def test_withdrawing_a_missing_request_changes_nothing(
    client: FlaskClient, mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    open_donor_page(client, mailing, mailbox)
    assert send(client, "/me/erasure/withdraw").location == "/me?message=stays"
    assert audited(mailing) == []
    answer = send(client, "/me/export")
    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "filename=what-is-held.json" in answer.headers["Content-Disposition"]
