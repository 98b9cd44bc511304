"""Compare the commands that the documentation names with those that exist.

Reads code spans and code blocks of every Markdown file, and asks `./dev`'s own table and
`campaign`'s command tree. `python -m tests.house.documented` prints each fault with its place.
"""

import re
import shlex
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import click

ROOT = Path(__file__).resolve().parents[2]
SPAN = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^ *(```|~~~)")
INDENTED = re.compile(r"^(?: {4,}|\t)\S")
WORD = re.compile(r"[a-z][a-z0-9-]*")
OPTION = re.compile(r"--[a-z][a-z0-9-]*")


class Mention(NamedTuple):
    """A command in a document: `words` begin with `./dev` or `campaign`."""

    place: str
    words: list[str]


def main() -> int:
    from campaign.cli.main import cli  # only here is the service needed

    faults = list(all_faults(mentions_in_documents(), load_dev().COMMANDS, cli))
    print("\n".join(faults) if faults else "every documented command exists")
    return 1 if faults else 0


def all_faults(
    mentions: Iterator[Mention], dev_commands: dict[str, object], campaign: click.Command
) -> Iterator[str]:
    """Yield a sentence for each mention of a command or option that does not exist."""
    for place, words in mentions:
        if words[0] == "./dev":
            fault = dev_fault(words[1:], dev_commands)
            if words[1:2] == ["exec"] and "campaign" in words:
                fault = fault or campaign_fault(words[words.index("campaign") + 1 :], campaign)
        else:
            fault = campaign_fault(words[1:], campaign)
        if fault:
            yield f"{place}: `{' '.join(words)}`: {fault}"


def dev_fault(words: list[str], commands: dict[str, object]) -> str:
    if not words or not WORD.fullmatch(words[0]) or words[0] in commands:
        return ""
    return f"./dev has no command {words[0]}"


def campaign_fault(words: list[str], command: click.Command) -> str:
    """Follow the words down the command tree; words after a leaf are its arguments and options."""
    path = "campaign"
    for word in words:
        if not isinstance(command, click.Group) or not WORD.fullmatch(word):
            break
        found = command.get_command(click.Context(command), word)
        if found is None:
            return f"{path} has no command {word}"
        command = found
        path = f"{path} {word}"
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    known |= {option for parameter in command.params for option in parameter.secondary_opts}
    unknown = [found for word in words for found in OPTION.findall(word) if found not in known]
    return f"{path} has no option {unknown[0]}" if unknown else ""


def mentions_in_documents(root: Path = ROOT) -> Iterator[Mention]:
    documents = [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("deploy/**/*.md")]
    for document in sorted(documents):
        yield from mentions_in(document.read_text(), str(document.relative_to(root)))


def mentions_in(text: str, name: str) -> Iterator[Mention]:
    """Yield every line of a code block and every code span that begins like one of our commands."""
    fenced = False
    for number, line in enumerate(text.splitlines(), start=1):
        if FENCE.match(line):
            fenced = not fenced
            continue
        code = [line] if fenced or INDENTED.match(line) else SPAN.findall(line)
        for piece in code:
            for words in commands_in(piece):
                yield Mention(f"{name}:{number}", words)


def commands_in(code: str) -> Iterator[list[str]]:
    """`$ FOO=1 ./dev run && campaign db upgrade  # why` is two commands."""
    for part in re.split(r"&&|\|\||[;|]", code.replace("\\|", "/").strip().removeprefix("$ ")):
        try:
            words = shlex.split(part, comments=True)
        except ValueError:  # an unclosed quotation: prose, not a command
            continue
        while words and re.fullmatch(r"[A-Z][A-Z0-9_]*=.*", words[0]):
            words = words[1:]
        if "compose" in words and "campaign" in words:
            words = words[words.index("campaign") :]
        if words and words[0] in ("./dev", "campaign"):
            yield words


def load_dev(path: Path = ROOT / "dev") -> ModuleType:
    """Load `dev` as a module; it has no suffix, so that one types `./dev`."""
    loader = SourceFileLoader("dev_door", str(path))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main())
