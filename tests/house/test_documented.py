"""Commands and options in the documentation exist."""

import click
import pytest

from campaign.stripe_events.registry import HANDLERS
from tests.house.documented import ROOT, Mention, all_faults, load_dev, mentions_in


@click.group()
def campaign() -> None:
    """A command tree like ours."""


@campaign.group()
def db() -> None:
    """A group."""


@db.command()
@click.option("--dry-run", is_flag=True)
def upgrade(dry_run: bool) -> None:
    """With one option."""


DEV = {"run": object(), "exec": object()}


def faults_of(text: str) -> list[str]:
    return list(all_faults(mentions_in(text, "x.md"), DEV, campaign))


@pytest.mark.parametrize(
    "text",
    [
        "Type `./dev run --port 8001`, then `campaign db upgrade --dry-run`.",
        "```sh\n$ DATABASE_URL=postgresql://… ./dev exec campaign db upgrade\n```",
        "    ./dev run  # an indented block",
        "The words dev and campaign in `prose`, a campaign nowhere.",
        "`./dev COMMAND` and `campaign … --help`",
    ],
)
def test_what_exists_is_no_fault(text: str) -> None:
    assert faults_of(text) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("`./dev runn`", "./dev has no command runn"),
        ("`campaign db downgrade`", "campaign db has no command downgrade"),
        ("`campaign db upgrade --force`", "campaign db upgrade has no option --force"),
        ("```\n./dev run && campaign sing\n```", "campaign has no command sing"),
        ("    ./dev exec campaign db downgrade", "campaign db has no command downgrade"),
        ("    docker compose exec web campaign sing", "campaign has no command sing"),
    ],
)
def test_what_does_not_exist_is_named_with_its_place(text: str, fault: str) -> None:
    [found] = faults_of(text)
    assert found.startswith("x.md:")
    assert found.endswith(fault)


def test_table_cells_with_escaped_bars_are_read() -> None:
    [mention] = mentions_in(r"| `campaign staff add E --role admin\|viewer` | adds |", "x.md")
    assert mention == Mention("x.md:1", ["campaign", "staff", "add", "E", "--role", "admin/viewer"])


def test_the_table_of_dev_can_be_read() -> None:
    assert {"run", "exec", "test", "check", "lock"} <= set(load_dev().COMMANDS)


def test_every_event_that_is_applied_is_one_to_subscribe_to() -> None:
    words = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert [kind for kind in HANDLERS if f"`{kind}`" not in words] == []
