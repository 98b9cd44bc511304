"""Commands are imported only when used, so that a cron job every minute starts quickly."""

import subprocess

import click
import pytest

from campaign.cli.main import COMMANDS, cli
from tests.campaign.cli.conftest import PROGRAM, ROOT

HEAVY = {"flask", "stripe", "celery", "typst", "babel", "jinja2", "alembic"}
"""None of these is needed to check whether an email is due."""
PRINT_MODULES = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))"


def modules_after(*arguments: str) -> set[str]:
    """The modules that `campaign ARGUMENTS` has imported when it exits."""
    program = [*PROGRAM[:2], f"{PRINT_MODULES}; {PROGRAM[2]}"]
    done = subprocess.run(
        [*program, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


def loaded(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return command


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_found_and_described_in_its_own_words(name: str) -> None:
    command = loaded(name)
    assert command.name == name
    own = command.get_short_help_str(limit=200)
    assert click.Command(name, help=COMMANDS[name].help).get_short_help_str(limit=200) == own
    assert COMMANDS[name].help == own


def test_help_lists_every_command_and_imports_none() -> None:
    modules = modules_after("--help")
    assert not modules & (HEAVY | {"sqlalchemy", "psycopg"})
    assert not modules & {command.module for command in COMMANDS.values()}
    shown = cli.get_help(click.Context(cli))
    assert all(f"\n  {name} " in shown for name in COMMANDS)


def test_the_cron_job_loads_only_what_it_needs() -> None:
    modules = modules_after("deadline-emails", "--help")
    assert "campaign.cli.deadline_emails" in modules
    assert not modules & HEAVY


def test_a_mistyped_command_gets_suggestions() -> None:
    done = subprocess.run(
        [*PROGRAM, "legder"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "'ledger'" in done.stderr
