"""A group that imports a command when it is used: https://click.palletsprojects.com/en/stable/complex/."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click


class LazyCommand(NamedTuple):
    """The location of a command, and the first sentence of its help, which the list of commands shows."""

    module: str
    attribute: str
    help: str


class LazyGroup(click.Group):
    """A group that knows its commands by name and first sentence, which is all that its help and suggestions need.

    `commands` holds these outlines only; call `get_command` for the command itself.
    """

    def __init__(
        self, name: str | None, *, lazy_commands: Mapping[str, LazyCommand], **settings: Any
    ) -> None:
        outlines = [click.Command(each, help=one.help) for each, one in lazy_commands.items()]
        super().__init__(name, outlines, **settings)
        self._lazy_commands = lazy_commands

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command; None if there is none by that name."""
        found = self._lazy_commands.get(cmd_name)
        if found is None:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(found.module), found.attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the outlines as click lists commands, without importing anything."""
        click.Group(commands=self.commands).format_commands(ctx, formatter)
