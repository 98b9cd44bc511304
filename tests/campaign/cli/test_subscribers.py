"""`campaign subscribers`: importing and exporting subscribers."""

import csv
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from campaign.mailer.suppressions import is_suppressed, suppress
from campaign.models import Subscriber, SuppressionReason
from campaign.runtime.context import Installation
from tests.campaign.cli.conftest import Ended, Run
from tests.support.list_services import BrevoServer

HEADER = "email,name,locale,timezone,consent_source,consent_at\n"
Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(*lines: str) -> str:
        path = tmp_path / "people.csv"
        path.write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
        return str(path)

    return written


def known(installation: Installation) -> list[Subscriber]:
    with installation.sessions() as session:
        return list(session.scalars(select(Subscriber).order_by(Subscriber.email)))


def test_good_lines_are_saved_and_each_bad_one_is_named(
    run: Run, write: Write, installation: Installation
) -> None:
    file = write(
        "ada@example.org,Ada,es,America/Denver,newsletter form,2026-01-05T10:00:00Z",
        "broken,,,,form,2026-01-05",
        "bea@example.org,,,,form,2026-01-05",
        "cy@example.org,,,,,2026-01-05",
    )
    done = run("subscribers", "import", file)
    assert (done.status, done.out) == (1, "2 added, 0 already present, 2 rejected.\n")
    assert done.errors[0].startswith("line 3: 'broken' is not an email address")
    assert done.errors[1] == "line 5: no consent_source: where did they agree?"
    assert done.errors[2] == "Fix the lines named above and import the file again."
    ada, bea = known(installation)
    assert (ada.email, ada.name, ada.locale, ada.timezone) == (
        "ada@example.org", "Ada", "es", "America/Denver",
    )  # fmt: skip
    assert (bea.email, bea.locale, bea.timezone) == ("bea@example.org", "en", None)


def test_the_same_file_twice_adds_nobody_and_changes_nothing(
    run: Run, write: Write, installation: Installation
) -> None:
    run("subscribers", "import", write("ada@example.org,Ada,en,,form,2026-01-05"))
    file = write("ADA@example.org,Somebody,es,,list,2026-02-05")
    done = run("subscribers", "import", file)
    assert (done.status, done.out) == (0, "0 added, 1 already present, 0 rejected.\n")
    (ada,) = known(installation)
    assert (ada.email, ada.name, ada.consent_source) == ("ada@example.org", "Ada", "form")


def test_imports_at_once_store_each_person_once(
    run: Run, write: Write, installation: Installation
) -> None:
    file = write(*(f"reader{n}@example.org,,,,form,2026-01-05" for n in range(2500)))
    with ThreadPoolExecutor(3) as threads:
        ended = list(threads.map(lambda _: run("subscribers", "import", file), range(3)))
    assert [done.status for done in ended] == [0, 0, 0]
    assert sum(int(done.out.split()[0].replace(",", "")) for done in ended) == 2500
    assert len(known(installation)) == 2500


def test_a_suppressed_address_stays_suppressed(
    run: Run, write: Write, installation: Installation
) -> None:
    with installation.sessions.begin() as session:
        suppress(session, "ada@example.org", SuppressionReason.unsubscribed)
    done = run("subscribers", "import", write("Ada@example.org,,,,form,2026-01-05"))
    assert done.status == 0
    assert "Suppressed among them, who get no campaign emails: 1." in done.out
    with installation.sessions() as session:
        assert is_suppressed(session, "ada@example.org")


def test_a_file_without_its_columns_is_rejected(
    run: Run, tmp_path: Path, installation: Installation
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("ada@example.org\n")
    done = run("subscribers", "import", str(file))
    assert (done.status, done.out) == (1, "")
    assert done.errors == [
        "The first line must name the columns, but it already contains an email address."
    ]
    missing = run("subscribers", "import", str(tmp_path / "nowhere.csv"))
    assert (missing.status, len(missing.errors)) == (1, 1)
    assert known(installation) == []


def test_an_export_can_be_imported(run: Run, write: Write, tmp_path: Path) -> None:
    run("subscribers", "import", write("ada@example.org,Ada,en,UTC,form,2026-01-05T10:00:00Z"))
    exported = run("subscribers", "export")
    (row,) = csv.DictReader(exported.out.splitlines())
    assert row["email"] == "ada@example.org"
    assert row["consent_at"] == "2026-01-05T10:00:00+00:00"
    assert run("subscribers", "remove", "ADA@example.org").status == 0
    assert run("subscribers", "remove", "ada@example.org").status == 1
    file = tmp_path / "again.csv"
    file.write_text(exported.out)
    assert run("subscribers", "import", str(file)).out.startswith("1 added")


def test_sync_says_what_it_did_and_a_dry_run_what_it_would_do(run: Run, write: Write) -> None:
    run("subscribers", "import", write("ada@example.org,Ada,en,,form,2026-01-05"))
    with BrevoServer() as brevo:

        def synced(*options: str) -> Ended:
            return run("subscribers", "sync", *options, **brevo.environ)

        assert synced("--dry-run").out == "brevo: would be 1 added.\n"
        assert "ada@example.org" not in brevo.contacts
        done = synced()
        assert (done.status, done.out) == (0, "brevo: 1 added.\n")
        assert brevo.contacts["ada@example.org"]["listIds"] == [3]
        brevo.put("bea@example.org", emailBlacklisted=True)
        assert synced().out == "brevo: 1 left there.\n"
        assert synced().out == "brevo: nothing to do.\n"
        brevo.limits = [(401, {})]
        done = synced()
        unfinished = "brevo: nothing to do; unfinished, the next sync continues.\n"
        assert (done.status, done.out) == (1, unfinished)
        assert done.errors[-1].endswith("brevo: GET 127.0.0.1/contacts: status 401")


def test_sync_without_a_service_says_what_to_set(run: Run) -> None:
    done = run("subscribers", "sync")
    assert done.status == 1
    assert done.errors[-1].startswith("No list service is set up. Set MAILCHIMP_API_KEY")
