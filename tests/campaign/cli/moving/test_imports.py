"""`campaign import`: a dry run first, refused rows by line on stderr, and the same file again adds nobody."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from campaign.models import Subscriber, Suppression
from campaign.runtime.context import Installation
from tests.campaign.cli.conftest import Run
from tests.support.moving import FILES

MAILCHIMP = str(FILES / "mailchimp_subscribed.csv")


def count(installation: Installation) -> int:
    with installation.sessions() as session:
        return session.scalars(select(func.count()).select_from(Subscriber)).one()


def test_a_dry_run_reports_the_same_and_saves_nothing(run: Run, installation: Installation) -> None:
    dry = run("import", "people", MAILCHIMP, "--preset", "mailchimp", "--dry-run")
    assert (dry.status, count(installation)) == (1, 0)
    done = run("import", "people", MAILCHIMP, "--preset", "mailchimp")
    assert (done.status, count(installation)) == (1, 3)
    said = done.out.splitlines()
    assert dry.out.splitlines() == [
        *said, "Dry run: nothing was saved. Run it again without --dry-run to import.",
    ]  # fmt: skip
    assert (
        dry.errors
        == done.errors
        == [
            "line 5: no consent_at: when did they agree?",
            "Fix the lines named above and import the file again.",
        ]
    )
    assert said[0] == "Read as Mailchimp: UTF-8, separated by commas."
    assert "  CONFIRM_TIME -> confirmed_at" in said
    assert said[-3].startswith("Ignored columns: Address, Phone Number, Birthday, MEMBER_RATING,")
    assert said[-2:] == [
        "line 6: 'Moon/Tranquility' is not a time zone; the campaign's is used.",
        "3 added, 1 rejected.",
    ]
    again = run("import", "people", MAILCHIMP)
    assert again.out.splitlines()[-1] == "3 already present, 1 rejected."


def test_columns_and_dates_are_as_the_person_says(
    run: Run, installation: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("Mail,Joined\nada@reader.test,3/1/2026\n")
    options = ["--map", "Joined=consent_at", "--consent-source", "fair"]
    refused = run("import", "people", str(file), *options)
    assert refused.errors[0].startswith("line 2: consent_at: '3/1/2026' could be March 1")
    done = run("import", "people", str(file), *options, "--dates", "dmy", "--timezone", "UTC")
    assert (done.status, done.errors) == (0, [])
    with installation.sessions() as session:
        assert session.scalars(select(Subscriber.consent_at)).one().isoformat()[:10] == "2026-01-03"


def test_the_order_of_dates_that_the_file_shows_is_said(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        "email,consent_source,consent_at\na@reader.test,x,3/1/2026\nb@reader.test,x,3/25/2026\n"
    )
    done = run("import", "people", str(file), "--dry-run")
    assert (
        "Dates such as 3/1/2026 are read month first, as the file's other dates show." in done.out
    )


def test_suppressions_come_over(run: Run, installation: Installation) -> None:
    done = run("import", "suppressions", str(FILES / "mailchimp_cleaned.csv"))
    assert (done.status, done.out.splitlines()[-1]) == (0, "1 added, 0 rejected.")
    with installation.sessions() as session:
        assert session.scalars(select(Suppression.reason)).all() == ["bounced"]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("people", "nowhere.csv"), 1, "Cannot read the file nowhere.csv"),
        (("people", MAILCHIMP, "--preset", "none"), 1, "'none' is not a preset"),
        (("shoes", MAILCHIMP), 2, "'shoes' is not one of"),
        (("people", MAILCHIMP, "--dates", "ydm"), 2, "'ydm' is not one of"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    run: Run, arguments: tuple[str, ...], status: int, words: str
) -> None:
    done = run("import", *arguments)
    assert (done.status, done.out) == (status, "")
    assert words in done.errors[-1]


def test_a_file_comes_from_stdin_as_well(
    environ: dict[str, str], installation: Installation
) -> None:
    command = [str(Path(sys.executable).with_name("campaign")), "import", "people", "-"]
    with Path(MAILCHIMP).open("rb") as file:
        done = subprocess.run(
            command, stdin=file, env=environ, capture_output=True, text=True, check=False
        )
    assert (done.returncode, count(installation)) == (1, 3), done.stderr
