"""Sign-in to the donor page, and what keeps others out."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from campaign.core.clock import now
from campaign.donors.corrections import Correction, correct_donor
from campaign.emails.delivery import deliver_due
from campaign.models import Donor, DonorLink, DonorSession, OutboxMessage
from campaign.privacy.retention import purge_expired
from campaign.runtime.context import Installation
from sandbox.outbox.receiver import MailReceiver
from tests.support.donor_portal import ANA, mailed_link, open_donor_page, request_link
from tests.support.staff import COMMAND_LINE
from tests.support.stripe import Facts


def test_a_link_opens_the_page_once_by_its_button_and_no_secret_is_stored(
    app: Flask, paid: Facts, mailing: Installation, mailbox: MailReceiver
) -> None:
    request_link(app.test_client())
    path = mailed_link(mailing, mailbox)
    scanner, donor = app.test_client(), app.test_client()
    assert [scanner.get(path).status_code for _ in range(3)] == [200] * 3
    assert "Gift history" not in scanner.get("/me").text
    browsers = [app.test_client() for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda one: one.post(path).status_code, browsers))
    assert sorted(answers) == [303, 410, 410]
    opened = browsers[answers.index(303)]
    page = opened.get("/me")
    assert "$25" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "works only once" in donor.get(path).text
    assert "do not recognize this link" in donor.get("/me/link/guessed").text
    cookie = opened.get_cookie("donor")
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site, cookie.max_age) == (True, "Lax", None)
    with mailing.engine.connect() as connection:
        kept = str(connection.execute(select(DonorLink.__table__)).all())
        kept += str(connection.execute(select(DonorSession.__table__)).all())
        kept += str(connection.execute(select(OutboxMessage.__table__)).all())
    assert path.rpartition("/")[2] not in kept
    assert cookie.value not in kept


def test_a_link_expires_after_15_minutes_and_a_session_after_30_idle_or_two_hours(
    app: Flask, paid: Facts, mailing: Installation, mailbox: MailReceiver
) -> None:
    start, client = now(), app.test_client()
    with time_machine.travel(start, tick=False) as clock:
        request_link(client)
        late = mailed_link(mailing, mailbox)
        clock.shift(timedelta(minutes=15))
        assert "has expired" in client.post(late).text
        open_donor_page(client, mailing, mailbox)
        for _ in range(4):
            clock.shift(timedelta(minutes=29))
            assert "Gift history" in client.get("/me").text
        clock.shift(timedelta(minutes=5))
        assert "Gift history" not in client.get("/me").text
        open_donor_page(client, mailing, mailbox)
        clock.shift(timedelta(minutes=31))
        assert client.get("/me/details").location == "/me"
        assert client.post("/me/erasure").location == "/me?message=closed"
        clock.shift(timedelta(days=2))
        open_donor_page(client, mailing, mailbox)
        purge_expired(mailing)
    with mailing.sessions() as session:
        assert session.scalar(select(func.count()).select_from(DonorSession)) == 1
        assert session.scalar(select(func.count()).select_from(DonorLink)) == 1


def test_nothing_reveals_whether_an_address_is_known(
    client: FlaskClient, paid: Facts, mailing: Installation, mailbox: MailReceiver
) -> None:
    answers = []
    for email in (ANA, "ANA@example.org", "nobody@example.org"):
        answer = request_link(client, email)
        headers = {name: value for name, value in answer.headers if name != "Date"}
        answers.append((answer.status_code, answer.text, headers))
    assert answers[0] == answers[1] == answers[2]
    assert "If gifts were made" in client.get("/me/sent").text
    mailbox.clear()
    deliver_due(mailing)
    # Twice within half a minute is one wish.
    links = [one.recipients for one in mailbox.messages if "/me/link/" in str(one.message)]
    assert links == [(ANA,)]
    assert request_link(client, "ana@").status_code == 422


def test_links_to_one_address_are_rate_limited(client: FlaskClient) -> None:
    codes = [request_link(client, "someone@example.org").status_code for _ in range(5)]
    assert codes == [303] * 4 + [429]
    assert request_link(client, "else@example.org").status_code == 303


def test_a_new_address_and_an_erasure_close_the_page(
    client: FlaskClient, paid: Facts, mailing: Installation, mailbox: MailReceiver
) -> None:
    open_donor_page(client, mailing, mailbox)
    with time_machine.travel(now() + timedelta(minutes=1)):
        request_link(client)
        link = mailed_link(mailing, mailbox)
    with mailing.sessions.begin() as session:
        donor = session.scalars(select(Donor)).one()
        wanted = Correction("Ana Reyes", "ana@work.example", "")
        correct_donor(session, donor.id, wanted, COMMAND_LINE)
    assert "Gift history" not in client.get("/me").text
    assert client.post(link).status_code == 410
    open_donor_page(client, mailing, mailbox, "ana@work.example")
    gone = update(Donor).values(email="", name="", address="", erased_at=now())
    with mailing.sessions.begin() as session:
        session.execute(gone)
    assert "Gift history" not in client.get("/me").text
