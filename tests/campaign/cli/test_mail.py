"""`campaign mail`: listing undelivered email, sending it again, and checking the setup."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from campaign.core import clock
from campaign.emails import bulk_claims
from campaign.emails.delivery import deliver_due
from campaign.models import Campaign, OutboxMessage
from campaign.runtime.context import Installation
from sandbox.outbox.receiver import MailReceiver
from tests.campaign.cli.conftest import Run
from tests.support.campaign_emails import make_due, messages, queue_appeals, readers
from tests.support.stripe import Facts

PRODUCTION = {
    "SITE_URL": "https://give.harbor-ledger.example",
    "MAIL_BOUNCES": "bounces@mail.harbor-ledger.example",
    "MAIL_EVENTS_SECRET": "e" * 40,
}


def change(installation: Installation, **values: object) -> None:
    with installation.sessions.begin() as session:
        session.execute(update(OutboxMessage).values(**values))


def receipt(installation: Installation) -> OutboxMessage:
    with installation.sessions() as session:
        return session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "receipt")).one()


def begin(installation: Installation) -> None:
    """Claim the message as a worker that then dies."""
    with installation.sessions.begin() as session:
        for claim in bulk_claims.claim_bulk(session, clock.now(), 10).claims:
            assert bulk_claims.begin_bulk(session, claim, clock.now())
    make_due(installation)
    deliver_due(installation)


def test_an_empty_list_says_so(run: Run, campaign: Campaign) -> None:
    ended = run("mail", "list")
    assert (ended.status, ended.out) == (0, "No matching email.\n")


def test_undelivered_email_is_listed_by_state_and_kind(
    run: Run, installation: Installation, campaign: Campaign, paid: Facts
) -> None:
    queue_appeals(installation, campaign, "ben@example.org")
    every = run("mail", "list").out.splitlines()
    assert len(every) == 2
    assert re.search(r"receipt \d{4}-000001 to ana@example\.org", every[0])
    assert "queued" in every[0]
    assert len(run("mail", "list", "--kind", "appeal").out.splitlines()) == 1
    change(installation, state="failed", last_error="550 no\nsuch user")
    assert "550 no such user" in run("mail", "list", "--state", "failed").out
    assert run("mail", "list", "--state", "queued").out == "No matching email.\n"
    assert "--limit" in run("mail", "list", "--limit", "1").out


@pytest.mark.parametrize(
    "values",
    [
        {"next_attempt_at": timedelta(hours=-1)},
        {"next_attempt_at": timedelta(minutes=5), "created_at": timedelta(hours=-2), "attempts": 9},
        {"state": "sending", "lease_until": timedelta(seconds=-1)},
    ],
)
def test_stuck_mail_is_listed_and_reviewed_once_it_is_overdue(
    run: Run, installation: Installation, paid: Facts, values: dict[str, object]
) -> None:
    assert run("mail", "list", "--state", "stuck").out == "No matching email.\n"
    at = clock.now()
    moved = {k: at + v if isinstance(v, timedelta) else v for k, v in values.items()}
    change(installation, **moved)
    assert "receipt" in run("mail", "list", "--state", "stuck").out
    assert "Stuck email: 1" in run("review").out


def test_a_failed_receipt_is_sent_again_under_its_message_id(
    run: Run, mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    mailbox.answer("550 5.1.1 no such user", times=1)
    deliver_due(mailing)
    row = receipt(mailing)
    assert row.state == "failed"
    assert f"campaign mail resend {row.id}" in run("review").out
    ended = run("mail", "resend", str(row.id))
    assert ended.status == 0
    said = rf"{row.id}: receipt \d{{4}}-000001 to ana@example\.org queued again\.\n"
    assert re.fullmatch(said, ended.out)
    deliver_due(mailing)
    assert mailbox.wait_for(1)[0].message["Message-ID"] == row.message_id


def test_a_sent_receipt_can_be_sent_again_and_has_a_day_of_tries(
    run: Run, mailing: Installation, mailbox: MailReceiver, paid: Facts
) -> None:
    deliver_due(mailing)
    change(mailing, created_at=clock.now() - timedelta(days=3))
    assert run("mail", "resend", str(receipt(mailing).id)).status == 0
    mailbox.answer("451 later", times=1)
    deliver_due(mailing)
    assert receipt(mailing).state == "queued"
    make_due(mailing)
    deliver_due(mailing)
    assert len({mail.message["Message-ID"] for mail in mailbox.wait_for(2)}) == 1


def test_an_appeal_that_may_have_arrived_needs_the_option(
    run: Run, mailing: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    [number] = queue_appeals(mailing, campaign, "ben@example.org")
    begin(mailing)
    refused = run("mail", "resend", str(number))
    assert refused.status == 1
    assert "--even-if-it-arrived" in refused.errors[0]
    assert run("mail", "resend", "--failed").out.splitlines()[0] == (
        "Queued again: 0 of 1 failed messages."
    )
    assert run("mail", "resend", "--failed", "--even-if-it-arrived").status == 0
    deliver_due(mailing)
    assert [row.state for row in messages(mailing)] == ["sent"]
    again = run("mail", "resend", str(number), "--even-if-it-arrived")
    assert again.status == 1
    assert "never sent twice" in again.errors[0]


def test_late_sending_or_dropped_email_is_not_sent_again(
    run: Run, mailing: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    [number] = queue_appeals(mailing, campaign, "ben@example.org")
    for values, reason in (
        ({"state": "queued"}, "already queued or being sent"),
        ({"state": "dropped", "last_error": "They have given."}, "They have given."),
        ({"state": "failed", "expires_at": clock.now()}, "it has expired"),
    ):
        change(mailing, **values)
        ended = run("mail", "resend", str(number), "--even-if-it-arrived")
        assert ended.status == 1
        assert reason in ended.errors[0]
    assert "no message 4711" in run("mail", "resend", "4711").errors[0]


def test_resend_needs_ids_or_failed(run: Run) -> None:
    assert run("mail", "resend").status == 2
    assert run("mail", "resend", "1", "--failed").status == 2
    assert run("mail", "resend", "1", "--kind", "receipt").status == 2


def test_only_the_failed_of_one_kind_are_sent_again(
    run: Run, installation: Installation, campaign: Campaign, paid: Facts
) -> None:
    queue_appeals(installation, campaign, "ben@example.org")
    change(installation, state="failed")
    ended = run("mail", "resend", "--failed", "--kind", "receipt")
    assert ended.out == "Queued again: 1 of 1 failed messages.\n"
    assert [row.state for row in messages(installation)] == ["queued", "failed"]


def test_the_check_passes_and_prints_the_records(run: Run, mailbox: MailReceiver) -> None:
    ended = run("mail", "check", SMTP_URL=mailbox.url, **PRODUCTION)
    assert ended.status == 0, ended.out
    assert "WRONG" not in ended.out
    assert "replies" in ended.out
    assert mailbox.messages == []
    for record in (
        'mail.harbor-ledger.example.  IN TXT  "v=spf1 ip4:127.0.0.1 ~all"',
        "SELECTOR._domainkey.harbor-ledger.example.  IN TXT",
        "_dmarc.harbor-ledger.example.  IN TXT",
        "mail.harbor-ledger.example.  IN MX",
    ):
        assert record in ended.out


def test_the_check_says_what_it_could_not_reach(run: Run) -> None:
    ended = run("mail", "check", **PRODUCTION)
    assert ended.status == 0
    assert "not checked" in ended.out
    assert "127.0.0.1:9 cannot be reached" in ended.out


def test_the_check_exits_1_if_something_is_wrong(run: Run) -> None:
    ended = run("mail", "check", **PRODUCTION | {"SITE_URL": "http://give.example.org"})
    assert ended.status == 1
    assert "needs https" in ended.out
    assert ended.errors == ["1 to fix; see WRONG above."]


def test_the_check_reports_a_wrong_password(run: Run) -> None:
    with MailReceiver(credentials=("user", "right")) as server:
        url = f"smtp://user:wrong@127.0.0.1:{server.port}"
        ended = run("mail", "check", SMTP_URL=url, **PRODUCTION)
    assert ended.status == 1
    assert "refused the connection" in ended.out
    assert "wrong@" not in ended.out


def test_a_stop_is_shown_first_and_resending_makes_the_next_try_due(
    run: Run, mailing: Installation, mailbox: MailReceiver, campaign: Campaign
) -> None:
    queue_appeals(mailing, campaign, *readers(4))
    mailbox.answer("550 relay not permitted")
    deliver_due(mailing)
    for command in (("mail", "list"), ("review",)):
        assert "the mail server refused 3 recipients in a row (550 relay not permitted)" in (
            run(*command).out
        )
    mailbox.accept()
    make_due(mailing)
    assert deliver_due(mailing) == 0
    assert run("mail", "resend", "--failed").status == 0
    assert deliver_due(mailing) == 4
    assert len(mailbox.wait_for(4)) == 4
    assert "refused" not in run("mail", "list").out
