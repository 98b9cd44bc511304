"""The outbox over a real mail server: once, in time, and never lost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from campaign.core import clock
from campaign.core.provider_settings import ProviderSettings
from campaign.core.settings import SmtpAddress
from campaign.emails import delivery
from campaign.emails.delivery import deliver_batch, deliver_due
from campaign.mailer import circuit_breaker, outbox
from campaign.mailer.kinds import EmailKind
from campaign.mailer.queue import NewEmail, queue_email
from campaign.models import Campaign, Donor, OutboxMessage, Receipt, Suppression
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.outbox.receiver import MailReceiver
from tests.support.campaign_emails import daytime
from tests.support.stripe import Facts


def message(installation: Installation) -> OutboxMessage:
    with installation.sessions() as session:
        return session.scalars(select(OutboxMessage)).one()


def make_due(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        session.scalars(select(OutboxMessage)).one().next_attempt_at = clock.now()


def test_a_receipt_arrives_as_text_and_html_with_its_marks(
    mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    assert deliver_batch(mailing) == 1
    received = mailbox.wait_for(1)[0].message
    assert received["To"] == "ana@example.org"
    assert received["Auto-Submitted"] == "auto-generated"
    assert received["Message-ID"] == message(mailing).message_id
    assert received["Message-ID"].endswith("@harbor-ledger.example>")
    text = received.get_body(("plain",))
    html = received.get_body(("html",))
    assert text is not None
    assert html is not None
    for part in (text.get_content(), html.get_content()):
        assert "$25" in part
        assert "12-3456789" in part
        assert "No goods or services were provided" in part
        assert "/receipts/" in part
    assert len(received.as_bytes()) < 80_000
    assert message(mailing).state == "sent"


def test_a_sent_message_is_not_sent_again(
    mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    deliver_batch(mailing)
    assert deliver_batch(mailing) == 0
    assert len(mailbox.messages) == 1


def test_two_workers_share_the_outbox(
    mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    with ThreadPoolExecutor(4) as threads:
        tried = list(threads.map(lambda _: deliver_batch(mailing), range(4)))
    assert sum(tried) == 1
    assert len(mailbox.wait_for(1)) == 1


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        ("451 not today", "queued"),
        ("550 not today", "queued"),
        ("550 relay not permitted", "queued"),
        ("550 5.1.1 no such user", "failed"),
    ],
)
def test_a_refusal_is_kept_and_tried_again_unless_it_is_about_the_address(
    mailing: Installation, mailbox: MailReceiver, paid: Facts, reply: str, state: str
) -> None:
    mailbox.answer(reply)
    deliver_batch(mailing)
    kept = message(mailing)
    assert kept.state == state
    assert reply in (kept.last_error or "")


def test_a_passing_refusal_waits_thirty_seconds_then_twice_as_long(
    mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    mailbox.answer("451 later")
    for seconds in (30, 60, 120):
        make_due(mailing)
        before = clock.now()
        deliver_batch(mailing)
        waits = message(mailing).next_attempt_at - before
        assert timedelta(seconds=seconds) <= waits < timedelta(seconds=seconds + 10)
    mailbox.accept()
    make_due(mailing)
    deliver_batch(mailing)
    assert message(mailing).state == "sent"


def test_mail_is_given_up_after_a_day_and_stays_visible(
    mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    mailbox.answer("451 later")
    with mailing.sessions.begin() as session:
        row = session.scalars(select(OutboxMessage)).one()
        row.created_at = clock.now() - timedelta(days=1)
    deliver_batch(mailing)
    assert message(mailing).state == "failed"
    assert "given up after a day" in (message(mailing).last_error or "")


def test_an_unreachable_mail_server_loses_nothing(installation: Installation, paid: Facts) -> None:
    deliver_batch(installation)
    assert message(installation).state == "queued"
    assert "cannot be reached" in (message(installation).last_error or "")


def test_a_worker_that_dies_after_sending_leads_to_the_same_message_id(
    mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    mailbox.drop(after_data=True)
    deliver_batch(mailing)
    mailbox.accept()
    make_due(mailing)
    deliver_batch(mailing)
    ids = [mail.message["Message-ID"] for mail in mailbox.messages]
    assert ids == [message(mailing).message_id] * 2


def test_a_worker_whose_lease_ended_cannot_overwrite_its_successor(
    mailing: Installation, paid: Facts
) -> None:
    at = clock.now()
    with mailing.sessions.begin() as session:
        (slow,) = outbox.claim_messages(session, at, 10)
    with mailing.sessions.begin() as session:
        (second,) = outbox.claim_messages(session, at + outbox.LEASE, 10)
        outbox.mark_sent(session, second, at)
    with mailing.sessions.begin() as session:
        outbox.mark_delayed(session, slow, "late", at)
    assert message(mailing).state == "sent"


def test_a_slow_mail_server_never_holds_an_email_past_its_lease(
    mailing: Installation,
    mailbox: MailReceiver,
    give: Callable[..., Facts],
    store: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(3):
        store(give(email=f"donor{number}@example.org").completed())
    apply_due_events(mailing)
    # As if the first email alone had taken all the time that a batch may take.
    monkeypatch.setattr(outbox, "TIME_FOR_A_BATCH", timedelta(microseconds=1))
    assert deliver_batch(mailing) == 0
    with mailing.sessions() as session:
        kept = session.scalars(select(OutboxMessage)).all()
    assert {(row.state, row.attempts, row.lease_until) for row in kept} == {("queued", 0, None)}
    monkeypatch.undo()
    assert deliver_due(mailing) == 3
    assert len(mailbox.wait_for(3)) == 3


def test_the_receipt_comes_as_a_file_too_and_a_repeat_brings_the_same_bytes(
    mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    mailbox.drop(after_data=True, times=1)
    deliver_batch(mailing)
    make_due(mailing)
    deliver_batch(mailing)
    files = [
        [(part.get_filename(), part.get_content_type(), part.get_content()) for part in attached]
        for attached in (mail.message.iter_attachments() for mail in mailbox.wait_for(2))
    ]
    assert files[0] == files[1]
    ((name, media_type, content),) = files[0]
    with mailing.sessions() as session:
        number = session.scalars(select(Receipt)).one().number
    assert (name, media_type) == (f"receipt-{number}.pdf", "application/pdf")
    assert content.startswith(b"%PDF-")
    assert len(content) < 80_000


def test_a_receipt_whose_pdf_fails_still_arrives(
    mailing: Installation,
    mailbox: MailReceiver,
    paid: Facts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_context: object) -> bytes:
        raise OSError("the typeface is gone")

    monkeypatch.setattr("campaign.emails.attachments.receipt_pdf", broken)
    deliver_batch(mailing)
    (received,) = mailbox.wait_for(1)
    assert list(received.message.iter_attachments()) == []
    assert message(mailing).state == "sent"


def test_a_receipt_is_sent_to_a_suppressed_address_at_any_hour_and_of_a_paused_campaign(
    mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    with mailing.sessions.begin() as session:
        session.add(Suppression(email="ana@example.org", reason="complained"))
        campaign = session.scalars(select(Campaign)).one()
        campaign.paused_at, campaign.pause_reason = clock.now(), "we test"
        session.scalars(select(OutboxMessage)).one().timezone = daytime(
            clock.now() + timedelta(hours=11)
        )
    assert deliver_due(mailing) == 1
    assert message(mailing).state == "sent"
    assert mailbox.wait_for(1)[0].recipients == ("ana@example.org",)


def test_a_receipt_has_no_headers_of_a_list_and_its_bounces_name_it(
    mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    settings = mailing.settings
    mail = replace(settings.mail, bounces="bounces@mail.harbor-ledger.example")
    installation = replace(mailing, settings=replace(settings, mail=mail))
    deliver_batch(installation)
    (received,) = mailbox.wait_for(1)
    names = set(received.message.keys())
    assert names.isdisjoint({"List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Precedence"})
    assert received.message["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert received.sender == f"bounces+{message(mailing).token}@mail.harbor-ledger.example"


def test_a_receipt_carries_its_token_through_the_provider(
    mailing: Installation, paid: Facts, mailbox: MailReceiver
) -> None:
    mail = replace(mailing.settings.mail, providers=ProviderSettings("postmark"))
    deliver_batch(replace(mailing, settings=replace(mailing.settings, mail=mail)))
    [stored] = mailbox.wait_for(1)
    assert stored.message["X-PM-Metadata-campaign_token"] == message(mailing).token
    assert stored.message["X-PM-KeepID"] == "true"


def test_without_a_bounce_mailbox_bounces_go_to_the_sender(
    mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    deliver_batch(mailing)
    assert mailbox.wait_for(1)[0].sender == mailing.settings.mail_from.address


def test_an_email_that_cannot_be_built_is_retried_and_holds_up_no_other(
    mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    broken = NewEmail(kind=EmailKind.staff_alert, subject_key="x", recipient="ben@example.org")
    with mailing.sessions.begin() as session:
        early = clock.now() - timedelta(hours=1)
        queue_email(session, replace(broken, asked_at=early), "harbor-ledger.example")
    assert deliver_batch(mailing) == 2
    with mailing.sessions() as session:
        rows = {row.recipient: row for row in session.scalars(select(OutboxMessage))}
    assert rows["ana@example.org"].state == "sent"
    assert (rows["ben@example.org"].state, rows["ben@example.org"].attempts) == ("queued", 1)
    assert rows["ben@example.org"].last_error == "KeyError('problems')"


def test_an_obsolete_email_is_dropped_with_its_reason_and_not_sent(
    mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    deliver_batch(mailing)
    with mailing.sessions.begin() as session:
        donor = session.scalars(select(Donor)).one()
        email = NewEmail(
            kind=EmailKind.statement,
            subject_key="1:1999",
            recipient=donor.email,
            donor_id=donor.id,
            details={"year": 1999},
        )
        queue_email(session, email, "harbor-ledger.example")
    assert deliver_batch(mailing) == 1
    with mailing.sessions() as session:
        query = select(OutboxMessage).order_by(OutboxMessage.id.desc()).limit(1)
        row = session.scalars(query).one()
    assert (row.state, row.last_error) == (
        "dropped",
        "nothing was given in 1999, or all of it was returned",
    )
    assert len(mailbox.messages) == 1


def test_batch_after_batch_is_sent_until_nothing_is_due(
    mailing: Installation,
    mailbox: MailReceiver,
    give: Callable[..., Facts],
    store: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(5):
        store(give(email=f"donor{number}@example.org").completed())
    apply_due_events(mailing)
    monkeypatch.setattr(delivery, "BATCH", 2)
    assert deliver_batch(mailing) == 2
    assert deliver_due(mailing) == 3
    assert {row.recipients for row in mailbox.wait_for(5)} == {
        (f"donor{number}@example.org",) for number in range(5)
    }


def test_a_task_ends_after_five_minutes_and_the_next_goes_on(
    mailing: Installation,
    mailbox: MailReceiver,
    give: Callable[..., Facts],
    store: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A task is killed after ten; see workers/app.py. Here each email takes a minute."""
    for number in range(7):
        store(give(email=f"donor{number}@example.org").completed())
    apply_due_events(mailing)
    passed = 0.0

    def slow_batch(installation: Installation) -> int:
        nonlocal passed
        passed += 60
        return deliver_batch(installation)

    monkeypatch.setattr(delivery, "BATCH", 1)
    monkeypatch.setattr(delivery, "time", SimpleNamespace(monotonic=lambda: passed))
    monkeypatch.setattr(delivery, "deliver_batch", slow_batch)
    assert (deliver_due(mailing), passed) == (5, 300)
    assert deliver_due(mailing) == 2


def test_a_receipt_over_the_servers_size_goes_once_without_its_pdf_and_says_where_it_is(
    installation: Installation, paid: Facts
) -> None:
    with MailReceiver(size=25_000) as server:
        address = SmtpAddress("127.0.0.1", server.port)
        small = replace(installation, settings=replace(installation.settings, smtp=address))
        deliver_batch(small)
        [received] = server.wait_for(1)
    assert list(received.message.iter_attachments()) == []
    with installation.sessions() as session:
        page = f"/receipts/{session.scalars(select(Receipt)).one().token}.pdf"
    for kind in ("plain", "html"):
        part = received.message.get_body((kind,))
        assert part is not None
        assert page in part.get_content()
        assert "Download the PDF" in part.get_content()
    row = message(installation)
    assert (row.state, row.attempts) == ("sent", 1)


@pytest.mark.parametrize(
    "reply", ["552 5.3.4 too big", "552 5.2.3 Message too large", "552 too big"]
)
def test_so_does_one_that_the_server_refuses_for_its_size(
    mailing: Installation, mailbox: MailReceiver, paid: Facts, reply: str
) -> None:
    mailbox.answer(reply, times=1, after_data=True)
    deliver_batch(mailing)
    [received] = mailbox.wait_for(1)
    assert list(received.message.iter_attachments()) == []
    assert message(mailing).state == "sent"


def test_one_that_is_too_large_without_its_pdf_too_is_tried_again_later(
    mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    mailbox.answer("552 5.3.4 too big", after_data=True)
    deliver_batch(mailing)
    assert mailbox.messages == []
    row = message(mailing)
    assert (row.state, row.attempts) == ("queued", 1)
    assert "too big" in (row.last_error or "")


def test_receipts_that_are_all_refused_stop_and_are_sent_later(
    mailing: Installation,
    mailbox: MailReceiver,
    give: Callable[..., Facts],
    store: Callable[..., None],
) -> None:
    for number in range(6):
        store(give(email=f"donor{number}@example.org").completed())
    apply_due_events(mailing)
    mailbox.answer("550 5.1.1 no such user")
    assert deliver_due(mailing) == 3
    with mailing.sessions.begin() as session:
        assert session.scalars(select(Suppression)).all() == []
        rows = session.scalars(select(OutboxMessage)).all()
        assert {row.state for row in rows} == {"queued"}
        circuit_breaker.try_now(session, clock.now())
        for row in rows:
            row.next_attempt_at = clock.now()
    mailbox.accept()
    deliver_due(mailing)
    assert len(mailbox.wait_for(6)) == 6


def test_a_server_that_takes_no_connection_is_asked_once_for_a_batch(
    installation: Installation, give: Callable[..., Facts], store: Callable[..., None]
) -> None:
    for number in range(4):
        store(give(email=f"donor{number}@example.org").completed())
    apply_due_events(installation)
    with MailReceiver(credentials=("us", "right")) as server:
        address = SmtpAddress("127.0.0.1", server.port, "plain", "us", "wrong")
        wrong = replace(installation, settings=replace(installation.settings, smtp=address))
        assert deliver_batch(wrong) == 4
        assert server.connections == 1
    with installation.sessions() as session:
        rows = session.scalars(select(OutboxMessage)).all()
    assert {(row.state, row.attempts) for row in rows} == {("queued", 1)}
    assert all("535" in (row.last_error or "") for row in rows)
