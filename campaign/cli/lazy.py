"""A group whose commands are imported when they are asked for: https://click.palletsprojects.com/en/stable/complex/."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click


class LazyCommand(NamedTuple):
    """Where a command is, and the first sentence of its own help, which a list of commands shows."""

    module: str
    attribute: str
    help: str


class LazyGroup(click.Group):
    """Knows its commands by name and first sentence: all that its own help and its suggestions need.

    `commands` holds no more than these outlines; ask `get_command` for the command itself.
    """

    def __init__(
        self, name: str | None, *, lazy_commands: Mapping[str, LazyCommand], **settings: Any
    ) -> None:
        outlines = [click.Command(each, help=one.help) for each, one in lazy_commands.items()]
        super().__init__(name, outlines, **settings)
        self._lazy_commands = lazy_commands

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None where there is none of that name."""
        found = self._lazy_commands.get(cmd_name)
        if found is None:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(found.module), found.attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the outlines as click lists commands; nothing is imported."""
        click.Group(commands=self.commands).format_commands(ctx, formatter)
