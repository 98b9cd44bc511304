"""Campaign emails: started once, checked just before sending, never late and never before a receipt."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from sqlalchemy import select, update

from campaign.core import clock
from campaign.core.settings import SmtpAddress
from campaign.emails import bulk, bulk_claims
from campaign.emails.bulk import BulkRun, BulkSender
from campaign.emails.delivery import deliver_batch, deliver_due
from campaign.emails.rate_limit import SendRate, slot
from campaign.mailer import circuit_breaker, outbox
from campaign.mailer.suppressions import suppress
from campaign.models import Campaign, OutboxMessage, Reminder, Suppression, SuppressionReason
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.outbox.receiver import MailReceiver
from tests.support.campaign_emails import daytime, make_due, messages, queue_appeals, readers
from tests.support.stripe import Facts


def states(installation: Installation) -> list[str]:
    return [row.state for row in messages(installation)]


def with_mail(installation: Installation, **changes: object) -> Installation:
    settings = installation.settings
    mail = replace(settings.mail, **changes)
    return replace(installation, settings=replace(settings, mail=mail))


@pytest.fixture
def one_connection(mailing: Installation) -> Installation:
    return with_mail(mailing, connections=1)


def test_many_appeals_go_over_one_connection_each_once(
    one_connection: Installation,
    mailbox: MailReceiver,
    campaign: Campaign,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A run ends after 15 seconds and the next one goes on, over a new connection; a busy machine may need longer.
    monkeypatch.setattr(bulk, "MAX_RUN_TIME", timedelta(minutes=5))
    queue_appeals(one_connection, campaign, *readers(60))
    assert deliver_due(one_connection) == 60
    received = mailbox.wait_for(60)
    assert sorted(mail.recipients[0] for mail in received) == readers(60)
    assert mailbox.connections == 1
    assert set(states(one_connection)) == {"sent"}
    assert deliver_due(one_connection) == 0


def test_an_appeal_is_marked_as_bulk_byte_by_byte(
    mailing: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    installation = with_mail(mailing, bounces="bounces@mail.harbor-ledger.example")
    queue_appeals(installation, campaign, "ana@example.org", name="Ana\r\nBcc: x@example.org")
    deliver_due(installation)
    [received], [row] = mailbox.wait_for(1), messages(installation)
    head = received.raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    page = f"http://localhost/unsubscribe/{row.token}"
    assert f"List-Unsubscribe: <{page}>".encode() in head
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in head
    assert b"List-Id: The Harbor Ledger <appeals.harbor-ledger.example>" in head
    assert b"Precedence: bulk" in head
    assert f"Message-ID: {row.message_id}".encode() in head
    assert received.sender == f"bounces+{row.token}@mail.harbor-ledger.example"
    assert received.message["Bcc"] is None
    text = received.message.get_body(("plain",))
    assert text is not None
    assert page in text.get_content()
    assert "Ana Bcc: x@example.org" in text.get_content()


def test_each_recipient_gets_a_separate_email(
    mailing: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    queue_appeals(mailing, campaign, *readers(20))
    deliver_due(mailing)
    tokens = {row.recipient: row.token for row in messages(mailing)}
    for mail in mailbox.wait_for(20):
        said = [part.get_content() for part in mail.message.walk() if not part.is_multipart()]
        own = tokens[mail.recipients[0]]
        assert len(said) == 2
        assert all(f"/unsubscribe/{own}" in part for part in said)
        others = set(tokens.values()) - {own}
        assert not any(other in part for other in others for part in said)
        assert len(mail.raw) < 80_000


def test_receipts_never_wait_behind_appeals(
    mailing: Installation,
    mailbox: MailReceiver,
    campaign: Campaign,
    give: Callable[..., Facts],
    store: Callable[..., None],
) -> None:
    installation = with_mail(mailing, rate=Decimal(20), connections=1)
    queue_appeals(
        installation, campaign, *readers(30), next_attempt_at=clock.now() - timedelta(days=1)
    )
    with BulkRun(installation) as run:
        assert not run.ended(0.3)
        store(give(email="ana@example.org").completed())
        apply_due_events(installation)
        assert deliver_batch(installation) == 1
    order = [mail.recipients[0] for mail in mailbox.wait_for(31)]
    assert order.index("ana@example.org") < 20


def test_what_is_unwanted_by_now_is_dropped_with_its_reason(
    mailing: Installation, mailbox: MailReceiver, campaign: Campaign, paid: Facts
) -> None:
    queue_appeals(mailing, campaign, "ANA@example.org", "ben@example.org", "eva@example.org")
    with mailing.sessions.begin() as session:
        session.add(Suppression(email="ben@example.org", reason="unsubscribed"))
    deliver_due(mailing)
    found = {row.recipient: row for row in messages(mailing) if row.bulk}
    assert found["eva@example.org"].state == "sent"
    for address in ("ANA@example.org", "ben@example.org"):
        assert found[address].state == "dropped"
        assert found[address].last_error
        assert found[address].begun_at is None


def test_what_is_late_is_dropped_and_not_sent(
    mailing: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    queue_appeals(mailing, campaign, *readers(60), expires_at=clock.now() - timedelta(seconds=1))
    deliver_due(mailing)
    assert set(states(mailing)) == {"dropped"}
    assert messages(mailing)[0].last_error == bulk_claims.TOO_LATE
    assert mailbox.messages == []


def test_quiet_hours_put_it_off_and_count_as_no_try(
    mailing: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    night = daytime(clock.now() + timedelta(hours=11))
    [first, second] = queue_appeals(
        mailing, campaign, *readers(2), timezone=night, expires_at=clock.now() + timedelta(days=2)
    )
    with mailing.sessions.begin() as session:
        soon = clock.now() + timedelta(minutes=5)
        session.execute(
            update(OutboxMessage).where(OutboxMessage.id == second).values(expires_at=soon)
        )
    deliver_due(mailing)
    [waits, dropped] = messages(mailing)
    assert (waits.id, waits.state, waits.attempts, waits.begun_at) == (first, "queued", 0, None)
    assert waits.next_attempt_at > clock.now() + timedelta(hours=1)
    assert dropped.state == "dropped"
    assert "quiet hours" in (dropped.last_error or "")
    assert mailbox.messages == []


def test_a_worker_that_died_before_it_began_leaves_it_to_another(
    mailing: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    queue_appeals(mailing, campaign, "ana@example.org")
    with mailing.sessions.begin() as session:
        bulk_claims.claim_bulk(session, clock.now(), 10)
    assert deliver_due(mailing) == 0
    make_due(mailing)
    deliver_due(mailing)
    assert states(mailing) == ["sent"]
    assert len(mailbox.messages) == 1


def test_a_worker_that_died_after_it_began_leaves_it_failed_and_visible(
    mailing: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    queue_appeals(mailing, campaign, "ana@example.org")
    with mailing.sessions.begin() as session:
        [claim] = bulk_claims.claim_bulk(session, clock.now(), 10).claims
        assert bulk_claims.begin_bulk(session, claim, clock.now())
    make_due(mailing)
    deliver_due(mailing)
    [row] = messages(mailing)
    assert row.state == "failed"
    assert "may have arrived" in (row.last_error or "")
    assert mailbox.messages == []


@pytest.mark.parametrize("after_data", [False, True])
def test_a_passing_refusal_is_tried_again_and_begun_anew(
    mailing: Installation, mailbox: MailReceiver, campaign: Campaign, after_data: bool
) -> None:
    queue_appeals(mailing, campaign, "ana@example.org")
    mailbox.answer("451 4.7.1 later", after_data=after_data, times=1)
    before = clock.now()
    deliver_due(mailing)
    [row] = messages(mailing)
    assert (row.state, row.begun_at) == ("queued", None)
    assert row.next_attempt_at >= before + outbox.BACKOFF.first
    make_due(mailing)
    deliver_due(mailing)
    assert states(mailing) == ["sent"]
    assert len(mailbox.messages) == 1


def test_what_could_only_be_tried_again_too_late_is_dropped(
    mailing: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    expiry = clock.now() + timedelta(seconds=20)
    queue_appeals(mailing, campaign, "ana@example.org", expires_at=expiry)
    mailbox.answer("451 later")
    deliver_due(mailing)
    [row] = messages(mailing)
    assert row.state == "dropped"
    assert "expires before" in (row.last_error or "")


@pytest.mark.parametrize("keep", [False, True])
def test_a_break_after_the_message_is_never_repeated(
    mailing: Installation, mailbox: MailReceiver, campaign: Campaign, keep: bool
) -> None:
    queue_appeals(mailing, campaign, "ana@example.org", "ben@example.org")
    mailbox.drop(to="ana@example.org", after_data=True, keep=keep)
    deliver_due(mailing)
    mailbox.accept()
    make_due(mailing)
    deliver_due(mailing)
    assert states(mailing) == ["failed", "sent"]
    assert len(mailbox.messages) == 1 + keep
    assert "may have arrived" in (messages(mailing)[0].last_error or "")


def test_whatever_goes_wrong_once_it_is_begun_is_never_repeated(
    mailing: Installation, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_appeals(mailing, campaign, "ana@example.org")
    with mailing.sessions.begin() as session:
        [claim] = bulk_claims.claim_bulk(session, clock.now(), 10).claims
    with mailing.transport() as transport:
        monkeypatch.setattr(transport, "send", lambda *_: 1 / 0)
        post = BulkSender(mailing, mailing.sessions, transport, SendRate(mailing.settings.mail))
        post.deliver(claim)
        post.settle()
    assert states(mailing) == ["failed"]
    assert "ZeroDivisionError" in (messages(mailing)[0].last_error or "")


def test_an_address_that_is_refused_for_good_is_suppressed(
    mailing: Installation, mailbox: MailReceiver, campaign: Campaign, paid: Facts
) -> None:
    queue_appeals(mailing, campaign, "Ben@example.org", "eva@example.org")
    mailbox.answer("550 5.1.1 No such user", to="Ben@example.org")
    mailbox.answer("550 5.1.1 No such user", to="ana@example.org")
    mailbox.answer("550 5.7.1 Policy", to="eva@example.org")
    deliver_due(mailing)
    assert sorted(states(mailing)) == ["failed", "failed", "queued"]
    with mailing.sessions() as session:
        found = session.scalars(select(Suppression).order_by(Suppression.email)).all()
    assert [(one.email, one.reason) for one in found] == [
        ("ana@example.org", "refused"),
        ("ben@example.org", "refused"),
    ]
    assert "No such user" in found[0].detail


def test_without_a_mail_server_nothing_is_begun(
    installation: Installation, campaign: Campaign
) -> None:
    queue_appeals(installation, campaign, *readers(3))
    deliver_due(installation)
    for row in messages(installation):
        assert (row.state, row.begun_at, row.attempts) == ("queued", None, 1)
        assert "cannot be reached" in (row.last_error or "")


@pytest.mark.parametrize("reply", ["", "550 5.1.1 No such user"])
def test_a_finished_reminder_is_erased(
    mailing: Installation, mailbox: MailReceiver, campaign: Campaign, reply: str
) -> None:
    with mailing.sessions.begin() as session:
        reminder = Reminder(
            campaign_id=campaign.id, email="ana@example.org", choice="tomorrow", due_at=clock.now()
        )
        session.add(reminder)
        session.flush()
        number = reminder.id
    queue_appeals(
        mailing, campaign, "ana@example.org", kind="reminder", subject_key=str(number), step_id=None
    )
    mailbox.answer("451 later", times=1)
    deliver_due(mailing)
    with mailing.sessions() as session:
        assert session.get(Reminder, number) is not None
    if reply:
        mailbox.answer(reply)
    make_due(mailing)
    deliver_due(mailing)
    assert states(mailing) == ["failed" if reply else "sent"]
    with mailing.sessions() as session:
        assert session.get(Reminder, number) is None


def test_no_more_connections_than_slots_over_all_workers(
    mailing: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    installation = with_mail(mailing, connections=2)
    queue_appeals(installation, campaign, *readers(30))
    with slot(installation.engine, 2) as first, slot(installation.engine, 2) as second:
        assert first
        assert second
        with slot(installation.engine, 2) as third:
            assert not third
        assert deliver_due(installation) == 0
    deliver_due(installation)
    assert len(mailbox.wait_for(30)) == 30
    assert mailbox.connections <= 2


def test_the_rate_is_kept_from_run_to_run(
    mailing: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    installation = with_mail(mailing, connections=2, rate=Decimal(40))
    begun = time.monotonic()
    for part in (readers(30)[:15], readers(30)[15:]):
        queue_appeals(installation, campaign, *part)
        deliver_due(installation)
    took = time.monotonic() - begun
    assert len(mailbox.wait_for(30)) == 30
    assert took >= 0.7  # 30 at 40 a second


REFUSED = "550 5.1.1 <{}>: Recipient address rejected: User unknown (id {})"


def refuse_all(mailbox: MailReceiver, *recipients: str) -> None:
    for number, recipient in enumerate(recipients):
        mailbox.answer(REFUSED.format(recipient, f"q{number}x7"), to=recipient)


def suppressed(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        return list(session.scalars(select(Suppression.email).order_by(Suppression.email)))


def test_a_server_that_refuses_everybody_suppresses_nobody_and_everybody_is_sent_later(
    mailing: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    queue_appeals(mailing, campaign, *readers(40))
    refuse_all(mailbox, *readers(40))
    deliver_due(mailing)
    assert suppressed(mailing) == []
    found = messages(mailing)
    assert {row.state for row in found} == {"queued"}
    assert sum(row.attempts for row in found) < 12, "the others are not tried"
    assert not any("@" in (row.last_error or "") for row in found), "no address of another reader"
    assert deliver_due(mailing) == 0, "the next try is not due yet"
    mailbox.accept()
    try_now(mailing)
    deliver_due(mailing)
    assert set(states(mailing)) == {"sent"}
    assert sorted(mail.recipients[0] for mail in mailbox.messages) == readers(40)


def try_now(installation: Installation) -> None:
    make_due(installation)
    with installation.sessions.begin() as session:
        circuit_breaker.try_now(session, clock.now())


def test_while_everybody_is_refused_one_email_is_tried_at_a_time(
    one_connection: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    queue_appeals(one_connection, campaign, *readers(10))
    mailbox.answer("550 relay not permitted")
    deliver_due(one_connection)
    rows = messages(one_connection)
    before = sum(row.attempts for row in rows)
    assert before == circuit_breaker.READERS_IN_A_ROW
    for more in (1, 2):
        try_now(one_connection)
        deliver_due(one_connection)
        assert sum(row.attempts for row in messages(one_connection)) == before + more


def test_two_dead_addresses_in_a_row_are_suppressed(
    one_connection: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    queue_appeals(one_connection, campaign, *readers(6))
    refuse_all(mailbox, readers(6)[1], readers(6)[2], readers(6)[4])
    deliver_due(one_connection)
    assert states(one_connection) == ["sent", "failed", "failed", "sent", "failed", "sent"]
    assert suppressed(one_connection) == [readers(6)[1], readers(6)[2], readers(6)[4]]


def test_an_older_suppression_is_not_undone(
    one_connection: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    queue_appeals(one_connection, campaign, *readers(3), campaign_id=None, step_id=None)
    with one_connection.sessions.begin() as session:
        session.add(Suppression(email=readers(1)[0], reason="refused"))
    refuse_all(mailbox, *readers(3))
    deliver_due(one_connection)
    assert set(states(one_connection)) == {"queued"}
    assert suppressed(one_connection) == readers(1)


def test_what_was_unsubscribed_meanwhile_stays_unsubscribed(
    one_connection: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    queue_appeals(one_connection, campaign, *readers(2))
    refuse_all(mailbox, *readers(3))
    deliver_due(one_connection)
    with one_connection.sessions.begin() as session:
        suppress(session, readers(1)[0], SuppressionReason.unsubscribed)
    queue_appeals(one_connection, campaign, readers(3)[2])
    deliver_due(one_connection)
    assert set(states(one_connection)) == {"queued"}
    assert suppressed(one_connection) == readers(1)


def test_taken_back_emails_that_expire_are_dropped_and_not_sent(
    one_connection: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    soon = clock.now() + timedelta(seconds=20)
    queue_appeals(one_connection, campaign, *readers(3), expires_at=soon)
    refuse_all(mailbox, *readers(3))
    deliver_due(one_connection)
    assert set(states(one_connection)) == {"dropped"}
    assert suppressed(one_connection) == []


def test_workers_at_once_suppress_nobody_either(
    mailing: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    queue_appeals(mailing, campaign, *readers(120))
    refuse_all(mailbox, *readers(120))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: deliver_due(mailing), range(4)))
    assert suppressed(mailing) == []
    assert set(states(mailing)) == {"queued"}
    with mailing.sessions() as session:
        assert len(circuit_breaker.open_outages(session)) == 1


def test_after_a_worker_died_in_a_row_another_completes_it(
    one_connection: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    queue_appeals(one_connection, campaign, *readers(2))
    refuse_all(mailbox, *readers(9))
    deliver_due(one_connection)
    assert suppressed(one_connection) == readers(2)
    assert states(one_connection) == ["failed"] * 2
    one_connection.engine.dispose()  # nothing of the first worker is left but the database
    queue_appeals(one_connection, campaign, *readers(9)[2:])
    deliver_due(one_connection)
    assert suppressed(one_connection) == []
    assert set(states(one_connection)) == {"queued"}


def test_a_receipt_is_sent_while_campaign_emails_are_refused(
    mailing: Installation,
    mailbox: MailReceiver,
    campaign: Campaign,
    give: Callable[..., Facts],
    store: Callable[..., None],
) -> None:
    queue_appeals(mailing, campaign, *readers(5))
    for reader in readers(5):
        mailbox.answer("554 5.7.1 Looks like spam", to=reader, after_data=True)
    deliver_due(mailing)
    store(give(email="ana@example.org").completed())
    apply_due_events(mailing)
    deliver_due(mailing)
    assert [mail.recipients for mail in mailbox.messages] == [("ana@example.org",)]


def test_a_refused_password_stops_at_once_and_nothing_is_begun(
    installation: Installation, campaign: Campaign
) -> None:
    with MailReceiver(credentials=("us", "right")) as server:
        address = SmtpAddress("127.0.0.1", server.port, "plain", "us", "wrong")
        wrong = replace(installation, settings=replace(installation.settings, smtp=address))
        queue_appeals(wrong, campaign, *readers(30))
        deliver_due(wrong)
        assert all(row.begun_at is None for row in messages(wrong))
        with wrong.sessions() as session:
            [outage] = circuit_breaker.open_outages(session)
        assert (outage.cause, outage.readers) == ("authentication", 0)
        assert server.connections <= 4


def test_after_the_third_refusal_none_is_handed_over(
    one_connection: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    queue_appeals(one_connection, campaign, *readers(10))
    mailbox.answer("550 relay not permitted", times=circuit_breaker.READERS_IN_A_ROW)
    deliver_due(one_connection)
    assert mailbox.messages == [], "the fourth would have been accepted"
    assert all(row.begun_at is None for row in messages(one_connection))


def test_refused_addresses_that_were_taken_back_are_tried_apart_from_each_other(
    one_connection: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    queue_appeals(one_connection, campaign, *readers(3))
    refuse_all(mailbox, *readers(3))
    deliver_due(one_connection)
    due = sorted(row.next_attempt_at for row in messages(one_connection))
    between = [later - earlier for earlier, later in pairwise(due)]
    assert all(gap >= bulk_claims.APART - timedelta(seconds=5) for gap in between)
