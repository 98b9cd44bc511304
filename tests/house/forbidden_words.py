"""Words that the glossary forbids, and where our texts still use them.

Reads the table under "Words to avoid" in docs/glossary.md and checks templates, the catalogs' msgids, the commands'
help texts and the documentation. `python -m tests.house.forbidden_words` prints each hit.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
from babel.messages.pofile import read_po
from jinja2 import Environment

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
HEADING = "## Words to avoid"
STAFF_ONLY = (
    "templates/staff/",
    "templates/layouts/staff.html",
    "templates/macros/staff.html",
    "templates/email/staff_",
    "templates/email/sign_in_link/",
)
_CLASS_NAMES = re.compile(r"{% block kind %}.*?{% endblock %}")
_TAG = re.compile(r"<!--.*?-->|<[^>]*>", re.DOTALL)
_READ = re.compile(r'\b(?:alt|aria-label|label|placeholder|title)="([^"]*)"')
_FENCE = re.compile(r"^ *(?:```|~~~)")
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
_NOT_PROSE = re.compile(r"`[^`]*`|\]\([^)]*\)|https?://\S+")


class Rule(NamedTuple):
    """One row of the table. `only_donors`: the word is fine on staff pages, in docs and in help texts."""

    pattern: re.Pattern[str]
    use: str
    only_donors: bool
    allowed: re.Pattern[str] | None

    def matches(self, text: str) -> list[str]:
        if self.allowed:
            text = self.allowed.sub("…", text)
        return self.pattern.findall(text)


class Line(NamedTuple):
    """A line of text that people read, with the place to look for it."""

    place: str
    text: str
    for_donors: bool = False


def main() -> int:
    found = list(all_hits())
    print("\n".join(found) if found else "no forbidden word is in use")
    return 1 if found else 0


def all_hits() -> Iterator[str]:
    yield from hits([*template_lines(), *catalog_lines(), *help_lines(), *document_lines()])


def hits(lines: list[Line], rules: list[Rule] | None = None) -> Iterator[str]:
    """Yield `place: "word": use WORD` for each forbidden word."""
    for rule in rules or read_rules():
        for line in lines:
            if rule.only_donors and not line.for_donors:
                continue
            for word in rule.matches(line.text):
                yield f'{line.place}: "{word}": use {rule.use}'


def read_rules(glossary: str | None = None) -> list[Rule]:
    """Parse the rows `| words | use | where | allowed in |`; words and allowed phrases are separated by commas.

    `*` at a word's end means any ending.
    """
    text = GLOSSARY.read_text(encoding="utf-8") if glossary is None else glossary
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.split(HEADING, 1)[1].splitlines()
        if line.startswith("| ") and not line.startswith("| Do not write")
    ]
    return [
        Rule(_words(words), use, where == "donors", _words(allowed) if allowed else None)
        for words, use, where, allowed in rows
    ]


def _words(listed: str) -> re.Pattern[str]:
    phrases = [
        re.escape(one.strip()).replace("\\ ", r"\s+").replace("\\*", r"\w*")
        for one in listed.split(",")
    ]
    return re.compile(rf"(?<![\w-])(?:{'|'.join(phrases)})(?![\w-])", re.IGNORECASE)


def template_lines() -> Iterator[Line]:
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.suffix not in (".html", ".txt", ".xml", ".svg"):
            continue
        name = path.relative_to(ROOT).as_posix()
        text = visible_text(path.read_text(encoding="utf-8"))
        yield from _numbered(name, text, for_donors=not _is_staff(name))


def _is_staff(name: str) -> bool:
    return name.startswith(STAFF_ONLY)


def visible_text(template: str) -> str:
    """Return the template's prose with its line numbers kept: text, read-out attributes, and phrases in expressions."""
    pieces = []
    for _, kind, value in Environment(extensions=["jinja2.ext.i18n"]).lex(
        _CLASS_NAMES.sub("", template)
    ):
        if kind == "data" or (kind == "string" and (" " in value or value[1:2].isupper())):
            pieces.append(value.strip("'\"") if kind == "string" else value)
        else:
            pieces.append(" " + "\n" * value.count("\n") if kind != "string" else " ")
    return _TAG.sub(_attributes, "".join(pieces))


def _attributes(tag: re.Match[str]) -> str:
    return " ".join(_READ.findall(tag[0])) + " " + "\n" * tag[0].count("\n")


def catalog_lines() -> Iterator[Line]:
    for path in sorted((ROOT / "campaign" / "translations").rglob("messages.po")):
        with path.open(encoding="utf-8") as file:
            for message in read_po(file):
                ids = message.id if isinstance(message.id, tuple | list) else [message.id]
                for text in filter(None, ids):
                    for_donors = not all(_is_staff(name) for name, _ in message.locations)
                    place = f"{path.relative_to(ROOT)}:{message.lineno}"
                    yield Line(place, _PLACEHOLDER.sub("…", text), for_donors)


def help_lines() -> Iterator[Line]:
    from campaign.cli.main import cli  # only here is the service needed

    yield from _help_of(cli, "campaign")


def _help_of(command: click.Command, path: str) -> Iterator[Line]:
    yield Line(f"`{path} --help`", command.help or "")
    for parameter in command.params:
        yield Line(f"`{path} --help`", getattr(parameter, "help", "") or "")
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found:
                yield from _help_of(found, f"{path} {name}")


def document_lines() -> Iterator[Line]:
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")]
    for path in sorted(documents):
        text = path.read_text(encoding="utf-8")
        if path == GLOSSARY:
            text = text.split(HEADING, 1)[0]
        yield from _numbered(path.relative_to(ROOT).as_posix(), prose(text))


def prose(markdown: str) -> str:
    """Return the text without code blocks, code spans and addresses, with its line numbers kept."""
    lines, fenced = [], False
    for line in markdown.splitlines():
        fence = bool(_FENCE.match(line))
        lines.append("" if fence or fenced or line.startswith("    ") else line)
        fenced ^= fence
    return "\n".join(_NOT_PROSE.sub(" … ", line) for line in lines)


def _numbered(name: str, text: str, *, for_donors: bool = False) -> Iterator[Line]:
    for number, line in enumerate(text.splitlines(), start=1):
        yield Line(f"{name}:{number}", line, for_donors)


if __name__ == "__main__":
    sys.exit(main())
