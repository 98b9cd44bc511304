"""`campaign suppressions`: importing, exporting and changing suppressed addresses."""

from pathlib import Path

import pytest
from sqlalchemy import select

from campaign.emails.delivery import deliver_due
from campaign.models import AuditEntry, Campaign, Suppression
from campaign.runtime.context import Installation
from sandbox.outbox.receiver import MailReceiver
from tests.campaign.cli.conftest import Run
from tests.support.campaign_emails import messages, queue_appeals


def entries(installation: Installation) -> list[tuple[str, bool, str]]:
    with installation.sessions() as session:
        rows = session.scalars(select(Suppression).order_by(Suppression.email, Suppression.id))
        return [(row.email, row.campaign_id is None, row.reason) for row in rows]


def test_a_plain_list_is_imported_and_bad_lines_are_named(
    run: Run, tmp_path: Path, installation: Installation
) -> None:
    file = tmp_path / "list.txt"
    file.write_bytes("Ada@example.org\nnobody\n\nbé@example.org\n".encode("cp1252"))
    done = run("suppressions", "import", str(file))
    assert (done.status, done.out) == (1, "1 added, 0 already present, 2 rejected.\n")
    assert done.errors[0].startswith("line 2: 'nobody' is not an email address")
    assert done.errors[1] == "line 4: not UTF-8; save the file as UTF-8"
    assert entries(installation) == [("ada@example.org", True, "imported")]
    file.write_text("ada@example.org\n", encoding="utf-16")
    assert (
        run("suppressions", "import", str(file)).out == "0 added, 1 already present, 0 rejected.\n"
    )


def test_the_export_can_be_imported_elsewhere(
    run: Run, tmp_path: Path, installation: Installation, campaign: Campaign
) -> None:
    assert run("suppressions", "add", "ada@example.org").status == 0
    assert run("suppressions", "add", "bea@example.org", "--campaign", "nine-days").status == 0
    before = entries(installation)
    exported = run("suppressions", "export").out
    assert exported.startswith("email,campaign,reason,detail,created_at\n")
    for address in ("ADA@example.org", "bea@example.org"):
        assert run("suppressions", "remove", address, "--reason", "they wrote").status == 0
    assert entries(installation) == []
    file = tmp_path / "list.csv"
    file.write_text(exported + "cy@example.org,elsewhere,imported,,\ndi@example.org,,bored,,\n")
    done = run("suppressions", "import", str(file))
    assert done.status == 1
    assert "no campaign called 'elsewhere'" in done.errors[0]
    assert "'bored' is not a valid reason" in done.errors[1]
    assert entries(installation) == before


def test_an_address_that_looks_like_a_formula_survives_export_and_import(
    run: Run, tmp_path: Path, installation: Installation
) -> None:
    file = tmp_path / "list.csv"
    file.write_text("+ada@example.org\n-bea@example.org\n")
    assert run("suppressions", "import", str(file)).status == 0
    before = entries(installation)
    exported = run("suppressions", "export").out
    assert "\n'+ada@example.org," in exported
    file.write_text(exported)
    assert (
        run("suppressions", "import", str(file)).out == "0 added, 2 already present, 0 rejected.\n"
    )
    assert entries(installation) == before


def test_an_error_is_one_line(run: Run, tmp_path: Path) -> None:
    for arguments in (
        ("add", "nobody"),
        ("add", "ada@example.org", "--campaign", "elsewhere"),
        ("remove", "ada@example.org", "--reason", "they wrote"),
        ("import", str(tmp_path / "nowhere")),
    ):
        done = run("suppressions", *arguments)
        assert (done.status, done.out, len(done.errors)) == (1, "", 1)
    assert run("suppressions", "remove", "ada@example.org").status == 2


@pytest.mark.parametrize(
    "options",
    [
        ("--refused", "--since"),
        ("--reason", "refused", "--since"),
        ("--refused", "--reason", "x", "--since"),
    ],
)
def test_what_a_server_refused_is_undone_at_once_and_sent(
    run: Run,
    mailing: Installation,
    mailbox: MailReceiver,
    campaign: Campaign,
    options: tuple[str, ...],
) -> None:
    ana, ben = "ana@example.org", "ben@example.org"
    queue_appeals(mailing, campaign, ana, ben)
    mailbox.answer("550 5.1.1 no such user", times=2)
    deliver_due(mailing)
    assert run("suppressions", "add", "eva@example.org").status == 0
    assert len(entries(mailing)) == 3
    assert run("mail", "resend", "--failed").status == 0
    deliver_due(mailing)  # as before the refusals were undone: dropped, because they are suppressed
    assert [row.state for row in messages(mailing)] == ["dropped", "dropped"]
    counted = run("suppressions", "remove", "--refused", "--since", "2026-01-01", "--dry-run")
    assert counted.out.startswith("2 refused since 2026-01-01 would get")
    undone = run("suppressions", "remove", *options, "2026-01-01")
    assert undone.out.splitlines() == [
        "2 can get campaign emails again.",
        "To send what they did not get: campaign mail resend --failed",
    ]
    assert entries(mailing) == [("eva@example.org", True, "unsubscribed")]
    assert run("mail", "resend", "--failed").out == "Queued again: 2 of 2 failed messages.\n"
    deliver_due(mailing)
    assert sorted(mail.recipients[0] for mail in mailbox.messages) == [ana, ben]
    with mailing.sessions() as session:
        noted = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "suppressions.refused_removed")
        ).one()
    assert noted.after["removed"] == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "Give either EMAIL"),
        (("ana@example.org",), "Missing option '--reason'"),
        (("ana@example.org", "--refused", "--since", "2026-01-01"), "Give either EMAIL"),
        (("--refused",), "requires --since"),
        (("ana@example.org", "--reason", "x", "--since", "2026-01-01"), "require --refused"),
        (("--reason", "bounced", "--since", "2026-01-01"), "Give either EMAIL"),
    ],
)
def test_either_one_address_or_all_that_were_refused(
    run: Run, options: tuple[str, ...], words: str
) -> None:
    refused = run("suppressions", "remove", *options)
    assert refused.status == 2
    assert any(words in line for line in refused.errors)


def test_with_an_address_refused_is_a_reason_like_any_other(
    run: Run, installation: Installation
) -> None:
    run("suppressions", "add", "ana@example.org")
    assert run("suppressions", "remove", "ana@example.org", "--reason", "refused").status == 0
    assert entries(installation) == []
