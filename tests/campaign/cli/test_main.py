"""The console script as its users have it: a process, an environment, an exit status."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from campaign.models import Campaign
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.campaign.cli.conftest import Run, run_with
from tests.conftest import Databases
from tests.support.stripe import Facts, event

CREATE = (
    *("create", "spring", "--title", "A spring of stories", "--goal", "50000"),
    *("--deadline", "2099-12-31", "--timezone", "America/Los_Angeles"),
)


def campaigns(installation: Installation) -> int:
    with installation.sessions() as session:
        return session.scalar(select(func.count()).select_from(Campaign)) or 0


def test_create_prints_the_address_and_stores_the_appeal(
    run: Run, installation: Installation, tmp_path: Path
) -> None:
    appeal = tmp_path / "appeal.md"
    appeal.write_text("\ufeffTonight the **commission** votes.\n", encoding="utf-8")
    ended = run(*CREATE, "--appeal", str(appeal), "--suggested", "10, 25,50")
    assert (ended.status, ended.errors) == (0, [])
    assert ended.out.startswith("http://localhost/c/spring: $50,000 until ")
    with installation.sessions() as session:
        made = session.scalars(select(Campaign)).one()
    assert made.appeal == "Tonight the **commission** votes.\n"
    assert (made.goal, made.suggested_amounts) == (5_000_000, [1000, 2500, 5000])


def test_create_refuses_a_name_that_is_taken(run: Run, installation: Installation) -> None:
    assert run(*CREATE).status == 0
    ended = run(*CREATE)
    assert (ended.status, ended.out) == (1, "")
    assert ended.errors == ["There is a campaign called 'spring' already; choose another name."]
    assert campaigns(installation) == 1


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("--timezone", "PST", "is not a time zone"),
        ("--deadline", "31.12.2099", "is neither a date"),
        ("--deadline", "2020-12-31", "is not after the start"),
        ("--deadline", "2027-03-14T02:30", "does not exist"),
        ("--goal", "1e9", "is not an amount"),
        ("--goal", "0", "must be more than zero"),
        ("--currency", "gold", "is not a currency"),
        ("--title", " ", "needs a title"),
        ("--suggested", "10,ten", "is not an amount"),
        ("--appeal", "/nowhere/appeal.md", "cannot be read"),
        ("--appeal", sys.executable, "is not UTF-8 text"),
    ],
)
def test_create_says_in_one_line_why_it_refuses(
    run: Run, installation: Installation, option: str, value: str, why: str
) -> None:
    ended = run(*CREATE, option, value)
    assert (ended.status, ended.out, len(ended.errors)) == (1, "", 1)
    assert why in ended.errors[0]
    assert campaigns(installation) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "spring", "--title", "T"),
        ("create",),
        ("events", "replay"),
        ("nothing",),
        ("deadline-emails", "--now"),
    ],
)
def test_wrong_usage_is_2(run: Run, arguments: tuple[str, ...]) -> None:
    ended = run(*arguments)
    assert ended.status == 2
    assert ended.errors[0].startswith("Usage: ")


@pytest.mark.parametrize(
    "command",
    ["", "create", "db", "db upgrade", "deadline-emails", "events replay", "ledger check"],
)
def test_every_command_explains_itself_without_any_settings(command: str) -> None:
    ended = run_with({}, *command.split(), "--help")
    assert (ended.status, ended.errors) == (0, [])
    assert "Usage:" in ended.out


def test_the_installed_script_is_the_same_program() -> None:
    script = Path(sys.executable).parent / "campaign"
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert "0.1.0" in done.stdout


def test_migrations_need_only_the_database(databases: Databases) -> None:
    name = databases.create()
    try:
        for _ in range(2):
            ended = run_with({"DATABASE_URL": databases.address(name)}, "db", "upgrade")
            assert (ended.status, ended.out) == (0, "The database is at the newest migration.\n")
    finally:
        databases.drop(name)


def test_missing_settings_are_all_named(database_url: str) -> None:
    ended = run_with({"DATABASE_URL": database_url}, "ledger", "check")
    assert ended.status == 1
    named = {line.strip().partition(":")[0] for line in ended.errors[1:]}
    assert named == {
        *("SECRET_KEY", "SITE_URL", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "SMTP_URL"),
        *("MAIL_FROM", "ORG_NAME", "ORG_EIN", "ORG_ADDRESS", "ORG_TIMEZONE"),
    }


@pytest.mark.parametrize(
    "arguments",
    [
        CREATE,
        ("ledger", "check"),
        ("events", "replay", "evt_1"),
        ("deadline-emails",),
        ("db", "upgrade"),
    ],
)
def test_a_database_that_is_down_is_one_line(run: Run, arguments: tuple[str, ...]) -> None:
    ended = run(*arguments, DATABASE_URL="postgresql://nobody:hidden@127.0.0.1:9/none")
    assert (ended.status, ended.out, len(ended.errors)) == (1, "", 1)
    assert ended.errors[0].startswith("The database cannot be used: ")
    assert "hidden" not in ended.errors[0]


def test_the_ledger_check_tells_order_from_a_break(
    run: Run, installation: Installation, paid: Facts
) -> None:
    ended = run("ledger", "check")
    assert (ended.status, ended.out, ended.errors) == (0, "The books are in order.\n", [])
    with installation.engine.begin() as connection:
        connection.execute(text("UPDATE progress_shard SET raised = raised + 1"))
    ended = run("ledger", "check")
    assert (ended.status, ended.out) == (1, "")
    assert ended.errors[0] == "campaign nine-days: the entries sum to 2500, the kept shards to 2501"
    assert ended.errors[-1].startswith("5 broken")


def test_replay_of_an_event_that_is_not_stored_is_refused(run: Run) -> None:
    ended = run("events", "replay", "evt_unknown")
    assert (ended.status, ended.errors) == (1, ["No event 'evt_unknown' is stored here."])


def test_replay_applies_a_stored_event_and_is_harmless_again(
    run: Run, installation: Installation, give: Callable[..., Facts], store: Callable[..., None]
) -> None:
    facts = give()
    completed = facts.completed()
    store(completed)
    first = run("events", "replay", completed["id"])
    assert (first.status, first.errors) == (0, [])
    assert "applied; paid; receipt" in first.out
    again = run("events", "replay", completed["id"])
    assert (again.status, again.errors) == (0, [])
    assert "nothing new" in again.out
    assert apply_due_events(installation) == 0
    assert run("ledger", "check").status == 0


@pytest.mark.parametrize(
    ("options", "said"), [((), "0 appeals queued"), (("--dry-run",), "0 appeals would be queued")]
)
def test_the_cron_job_says_that_nobody_is_to_be_written_to(
    run: Run, campaign: Campaign, options: tuple[str, ...], said: str
) -> None:
    ended = run("deadline-emails", *options)
    assert (ended.status, ended.errors) == (0, [])
    assert said in ended.out


def test_a_broker_that_is_away_stops_no_command(run: Run, paid: Facts) -> None:
    for arguments in (CREATE, ("ledger", "check"), ("deadline-emails",)):
        assert run(*arguments, BROKER_URL="redis://127.0.0.1:9/0").status == 0


@pytest.mark.parametrize("arguments", [CREATE, ("ledger", "check"), ("deadline-emails",)])
def test_a_database_without_tables_is_one_line(
    run: Run, databases: Databases, arguments: tuple[str, ...]
) -> None:
    name = databases.create()
    try:
        ended = run(*arguments, DATABASE_URL=databases.address(name))
    finally:
        databases.drop(name)
    assert (ended.status, len(ended.errors)) == (1, 1)
    assert "campaign db upgrade" in ended.errors[0]


def test_a_nul_in_the_appeal_is_one_line(run: Run, tmp_path: Path) -> None:
    appeal = tmp_path / "appeal.md"
    appeal.write_bytes(b"a\0b")
    ended = run(*CREATE, "--appeal", str(appeal))
    assert (ended.status, len(ended.errors)) == (1, 1)


def test_a_larger_smallest_amount_needs_no_suggestions(run: Run) -> None:
    assert run(*CREATE, "--smallest", "20").status == 0


def test_a_replayed_event_that_cannot_be_read_is_one_line(
    run: Run, store: Callable[..., None]
) -> None:
    found = event("payment_intent.succeeded", {"id": "pi_1"})
    store(found)
    ended = run("events", "replay", found["id"])
    assert (ended.status, len(ended.errors)) == (1, 1)
