"""`campaign staff`: the first admin, a member who cannot sign in, and a member who leaves."""

import subprocess
import sys

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from campaign.cli.main import cli
from campaign.core.errors import CampaignError
from campaign.models import AuditEntry, StaffMember
from campaign.runtime.context import Installation
from tests.campaign.cli.conftest import Ended, Run
from tests.support.staff import browser

SITE = "http://localhost"


def test_a_link_is_printed_and_signs_in(run: Run, app: Flask, installation: Installation) -> None:
    done = run("staff", "add", "Ana@Example.org", "--role", "admin", "--name", "Ana")
    assert (done.status, done.errors) == (
        0,
        ["Added Ana@example.org to the team as admin."],
    )
    client = browser(app)
    assert client.open_link(done.out.strip().removeprefix(SITE)).status_code == 303
    assert client.get("/staff/team").status_code == 200
    with installation.sessions() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).first()
        assert entry is not None
        assert entry.actor.startswith("command line: ")
        assert (entry.action, entry.after) == ("staff_member.added", {"role": "admin"})


@pytest.fixture
def here(environ: dict[str, str]) -> Run:
    """The same commands in this process, because a process takes a second each."""

    def run(*arguments: str) -> Ended:
        done = CliRunner(env=environ).invoke(cli, arguments)
        if isinstance(done.exception, CampaignError):
            return Ended(1, done.stdout, [str(done.exception)])
        return Ended(done.exit_code, done.stdout, done.stderr.splitlines())

    return run


def test_an_existing_member_gets_a_new_link_and_the_changes_are_shown(
    here: Run, app: Flask, installation: Installation
) -> None:
    run = here
    run("staff", "add", "boss@example.org", "--role", "admin")
    add = ("staff", "add", "ana@example.org", "--role")
    first = run(*add, "viewer").out.strip()
    again = run(*add, "viewer")
    assert again.errors == ["ana@example.org is already on the team as viewer. Here is a new link."]
    assert again.out.strip() != first
    client = browser(app)
    client.open_link(first.removeprefix(SITE))
    changed = run(*add, "finance")
    assert changed.errors == [
        "Changed the role of ana@example.org from viewer to finance; signed out everywhere."
    ]
    assert client.get("/staff/account").status_code == 302
    assert (
        run("staff", "deactivate", "ANA@example.org").out
        == "ana@example.org can no longer sign in.\n"
    )
    assert run("staff", "deactivate", "ana@example.org").status == 0
    assert browser(app).get(changed.out.strip().removeprefix(SITE)).status_code == 410
    with installation.sessions.begin() as session:
        member = session.scalars(select(StaffMember).where(StaffMember.role == "finance")).one()
        member.tf_primary_method, member.tf_totp_secret = "authenticator", "lost"
    back = run(*add, "finance")
    assert back.errors[0] == "ana@example.org is active again."
    assert "reset-second-factor ana@example.org" in back.errors[1]
    reset = run("staff", "reset-second-factor", "ana@example.org")
    assert reset.out == "Removed the second factor of ana@example.org; signed out everywhere.\n"
    listed = run("staff", "list").out.splitlines()
    assert [line.split("\t")[:3] for line in listed] == [
        ["ana@example.org", "finance", "active"],
        ["boss@example.org", "admin", "active"],
    ]


def test_invalid_input_is_a_one_line_error(here: Run) -> None:
    run = here
    run("staff", "add", "boss@example.org", "--role", "admin")
    for arguments, words in (
        (("add", "nobody", "--role", "viewer"), "not an email address"),
        (("add", "boss@example.org", "--role", "viewer"), "last admin"),
        (("deactivate", "boss@example.org"), "last admin"),
        (("deactivate", "nobody@example.org"), "not on the team"),
    ):
        done = run("staff", *arguments)
        assert done.status == 1
        assert len(done.errors) == 1
        assert words in done.errors[0]
    assert run("staff", "add", "a@example.org").status == 2


def test_commands_start_without_the_webs_libraries() -> None:
    asked = (
        "import sys; from importlib import import_module; from campaign.cli.main import COMMANDS\n"
        "for one in COMMANDS.values(): import_module(one.module)\n"
        "print({'flask', 'flask_security', 'campaign.web'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
