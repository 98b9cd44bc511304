"""`campaign bounces ingest`: files, pipes, Maildirs and mboxes."""

import mailbox
import os
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import select

from campaign.models import Campaign, OutboxMessage, Suppression
from campaign.runtime.context import Installation
from tests.campaign.cli.conftest import PROGRAM, ROOT, Run
from tests.support.bounce_reports import (
    BOUNCES,
    DELAYED,
    MESSAGE_ID,
    POSTFIX,
    TOKEN,
    complaint,
    delivery,
)
from tests.support.campaign_emails import messages, queue_appeals
from tests.support.plain_reports import EXIM, notice

OTHER = b"Subject: Out of office\nAuto-Submitted: auto-replied\n\nI am away.\n"
BROKEN = b"Content-Type: multipart/report; report-type=delivery-status; boundary=x\n\n--x\n\nhm\n"


@pytest.fixture
def appeals(installation: Installation, campaign: Campaign) -> list[OutboxMessage]:
    queue_appeals(installation, campaign, "ana@example.org", "ben@example.org", "cy@example.org")
    return messages(installation)


def about(message: OutboxMessage, raw: bytes) -> bytes:
    named = raw.replace(TOKEN.encode(), message.token.encode())
    return named.replace(MESSAGE_ID.encode(), message.message_id.encode())


def suppressed(installation: Installation) -> dict[str, str]:
    with installation.sessions() as session:
        return {one.email: one.reason for one in session.scalars(select(Suppression))}


def test_each_file_is_reported_and_counted(
    run: Run, installation: Installation, appeals: list[OutboxMessage], tmp_path: Path
) -> None:
    mails = {
        "1": about(appeals[0], delivery(POSTFIX)),
        "2": about(appeals[1], complaint()),
        "3": about(appeals[2], delivery(DELAYED)),
        "4": delivery(POSTFIX),
        "5": OTHER,
    }
    for name, raw in mails.items():
        (tmp_path / name).write_bytes(raw)
    files = [str(tmp_path / name) for name in mails]
    for _ in range(2):
        ended = run("bounces", "ingest", *files, MAIL_BOUNCES=BOUNCES)
        assert (ended.status, ended.errors) == (0, [])
        lines = ended.out.splitlines()
        assert lines[-1] == "1 bounced, 1 soft, 1 complaint, 1 not ours, 1 no report"
        assert "appeal to ana@example.org bounced permanently: 5.1.1" in lines[0]
        assert suppressed(installation) == {
            "ana@example.org": "bounced",
            "ben@example.org": "complained",
        }
    assert all("already recorded" in line for line in lines[:3])
    assert [one.bounced_at is None for one in messages(installation)] == [False, True, True]


def test_an_unreadable_report_is_named_and_the_others_are_processed(
    run: Run, installation: Installation, appeals: list[OutboxMessage], tmp_path: Path
) -> None:
    (tmp_path / "broken").write_bytes(BROKEN)
    (tmp_path / "huge").write_bytes(b"x" * 10_000_001)
    (tmp_path / "good").write_bytes(about(appeals[0], delivery(POSTFIX)))
    names = ("broken", "huge", "missing", "good")
    ended = run("bounces", "ingest", *(str(tmp_path / name) for name in names))
    assert ended.status == 1
    assert len(ended.errors) == 4
    assert "machine-readable part is missing" in ended.errors[0]
    assert "3 could not be read" in ended.errors[-1]
    assert suppressed(installation) == {"ana@example.org": "bounced"}


def test_a_maildir_is_read_once(
    run: Run, installation: Installation, appeals: list[OutboxMessage], tmp_path: Path
) -> None:
    box = mailbox.Maildir(tmp_path / "box", create=True)
    box.add(about(appeals[0], delivery(POSTFIX)))
    flagged = mailbox.MaildirMessage(about(appeals[1], complaint()))
    flagged.set_subdir("cur")
    flagged.set_flags("F")
    box.add(flagged)
    seen = mailbox.MaildirMessage(OTHER)
    seen.set_subdir("cur")
    seen.set_flags("S")
    box.add(seen)
    ended = run("bounces", "ingest", "--maildir", str(tmp_path / "box"), MAIL_BOUNCES=BOUNCES)
    assert ended.status == 0
    assert ended.out.endswith("1 bounced, 0 soft, 1 complaint, 0 not ours, 0 no report\n")
    left = list(mailbox.Maildir(tmp_path / "box", create=False))
    assert sorted(one.get_flags() for one in left) == ["FS", "S", "S"]
    assert {one.get_subdir() for one in left} == {"cur"}
    again = run("bounces", "ingest", "--maildir", str(tmp_path / "box"))
    assert again.out == "0 bounced, 0 soft, 0 complaint, 0 not ours, 0 no report\n"


def test_an_mbox_is_not_changed(
    run: Run, installation: Installation, appeals: list[OutboxMessage], tmp_path: Path
) -> None:
    path = tmp_path / "bounces"
    box = mailbox.mbox(path, create=True)
    box.add(about(appeals[0], delivery(POSTFIX)))
    box.add(OTHER)
    box.close()
    before = path.read_bytes()
    ended = run("bounces", "ingest", "--mbox", str(path))
    assert ended.status == 0
    assert ended.out.endswith("1 bounced, 0 soft, 0 complaint, 0 not ours, 1 no report\n")
    assert path.read_bytes() == before
    (tmp_path / "bounces.lock").touch()
    locked = run("bounces", "ingest", "--mbox", str(path))
    assert locked.status == 1
    assert "cannot be locked" in locked.errors[0]


def test_no_source_and_no_maildir_are_usage_errors(run: Run, tmp_path: Path) -> None:
    assert run("bounces", "ingest").status == 2
    assert run("bounces", "ingest", "--maildir", str(tmp_path)).status == 2


def test_a_mail_server_can_pipe_a_report_to_stdin(
    environ: dict[str, str], installation: Installation, appeals: list[OutboxMessage]
) -> None:
    done = subprocess.run(
        [*PROGRAM, "bounces", "ingest", "-"],
        input=about(appeals[0], delivery(POSTFIX)),
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | environ,
        cwd="/",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.startswith(b"stdin: appeal to ana@example.org bounced permanently")
    assert suppressed(installation) == {"ana@example.org": "bounced"}


def test_a_report_in_plain_words_suppresses(
    run: Run, installation: Installation, appeals: list[OutboxMessage], tmp_path: Path
) -> None:
    plain = EXIM.format("SMTP error after RCPT TO:<ana@example.org>: 550 No such user")
    (tmp_path / "plain").write_bytes(about(appeals[0], notice(plain)))
    ended = run("bounces", "ingest", str(tmp_path / "plain"), MAIL_BOUNCES=BOUNCES)
    assert ended.out.splitlines()[-1].startswith("1 bounced")
    assert suppressed(installation) == {"ana@example.org": "bounced"}


def test_an_answer_that_is_not_understood_is_noted_said_aloud_and_flagged(
    run: Run, installation: Installation, appeals: list[OutboxMessage], tmp_path: Path
) -> None:
    box = mailbox.Maildir(tmp_path / "box")
    odd = notice("Prove that you exist.", sender="gate@example.org", subject="Hm")
    box.add(about(appeals[0], odd))
    ended = run("bounces", "ingest", "--maildir", str(tmp_path / "box"), MAIL_BOUNCES=BOUNCES)
    assert ended.status == 0
    assert "got an answer that is not understood; please read it" in ended.errors[0]
    assert ended.out.splitlines()[-1].endswith("0 no report, 1 unclear")
    assert [file.name[-3:] for file in (tmp_path / "box" / "cur").iterdir()] == [",FS"]
    assert "not understood: Hm: Prove" in (messages(installation)[0].bounce or "")
    assert suppressed(installation) == {}


def test_a_folder_is_compared_with_what_is_expected(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mails").mkdir()
    (tmp_path / "mails" / "1.eml").write_bytes(delivery(POSTFIX))
    (tmp_path / "mails" / "2.eml").write_bytes(delivery(DELAYED))
    expected = tmp_path / "expected.csv"
    expected.write_text("name,expected\n1.eml,permanent\n2.eml,permanent\n")
    ended = run("bounces", "read", str(tmp_path / "mails"), "--expected", str(expected), "--list")
    assert ended.status == 0
    assert ended.out.startswith("2.eml: permanent expected, soft: 4.4.1")
    expected.write_text("name,expected\n1.eml,soft\n")
    ended = run("bounces", "read", str(tmp_path / "mails"), "--expected", str(expected))
    assert ended.status == 1
    assert "1 would suppress somebody wrongly." in ended.errors[-1]
