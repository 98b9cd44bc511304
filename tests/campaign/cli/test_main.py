"""The console script as users run it: a process, an environment, an exit status."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from campaign.models import Campaign
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.campaign.cli.conftest import CREATE, Run, run_with
from tests.support.databases import Databases
from tests.support.stripe import Facts, event


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
            assert (ended.status, ended.out) == (0, "The database is up to date.\n")
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
def test_an_unreachable_database_is_a_one_line_error(run: Run, arguments: tuple[str, ...]) -> None:
    ended = run(*arguments, DATABASE_URL="postgresql://nobody:hidden@127.0.0.1:9/none")
    assert (ended.status, ended.out, len(ended.errors)) == (1, "", 1)
    assert ended.errors[0].startswith("Cannot use the database: ")
    assert "hidden" not in ended.errors[0]


def test_replaying_an_unknown_event_is_an_error(run: Run) -> None:
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


# cron mails what is printed, so a run that queues nothing is silent.
@pytest.mark.parametrize(("options", "said"), [((), ""), (("--dry-run",), "Nothing is due.\n")])
def test_the_cron_job_prints_nothing_when_nothing_is_due(
    run: Run, campaign: Campaign, options: tuple[str, ...], said: str
) -> None:
    ended = run("deadline-emails", *options)
    assert (ended.status, ended.errors, ended.out) == (0, [], said)


def test_commands_work_without_a_reachable_broker(run: Run, paid: Facts) -> None:
    for arguments in (CREATE, ("ledger", "check"), ("deadline-emails",)):
        assert run(*arguments, BROKER_URL="redis://127.0.0.1:9/0").status == 0


@pytest.mark.parametrize("arguments", [CREATE, ("ledger", "check"), ("deadline-emails",)])
def test_a_database_without_tables_is_a_one_line_error(
    run: Run, databases: Databases, arguments: tuple[str, ...]
) -> None:
    name = databases.create()
    try:
        ended = run(*arguments, DATABASE_URL=databases.address(name))
    finally:
        databases.drop(name)
    assert (ended.status, len(ended.errors)) == (1, 1)
    assert "campaign db upgrade" in ended.errors[0]


def test_an_unreadable_replayed_event_is_a_one_line_error(
    run: Run, store: Callable[..., None]
) -> None:
    found = event("payment_intent.succeeded", {"id": "pi_1"})
    store(found)
    ended = run("events", "replay", found["id"])
    assert (ended.status, len(ended.errors)) == (1, 1)


@pytest.mark.parametrize(
    "arguments",
    [("tokens", "revoke"), ("webhooks", "disable"), ("webhooks", "retry"), ("mail", "resend")],
)
def test_a_number_that_is_too_large_is_a_one_line_error(
    run: Run, arguments: tuple[str, ...]
) -> None:
    ended = run(*arguments, str(2**63))
    assert (ended.status, ended.out) == (1, "")
    assert ended.errors == ["A number is too large for the database. Check the numbers you gave."]
