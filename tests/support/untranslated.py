"""Find texts in public page templates that bypass the catalog. Used by `test_reader_templates`."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment, nodes
from jinja2.visitor import NodeVisitor

READ = frozenset(
    {"alt", "aria-description", "aria-label", "aria-roledescription", "aria-valuetext", "label"}
    | {"placeholder", "title", "content"}
)
"""Attributes that people see or hear."""
SAYING = frozenset({"_", "gettext", "ngettext", "pgettext", "npgettext"})
SAME_EVERYWHERE = frozenset({"EIN", "QR", "PDF", "Stripe"})
_WORD = re.compile(r"[A-Za-z]{2,}")
_SPOKEN = "…"
"""Marks the place where the template inserts an expression."""


def bare_texts(path: Path) -> list[str]:
    """Return every text of the template at `path` that is always English."""
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    environment.policies["ext.i18n.trimmed"] = True
    walk = _Walk()
    walk.visit(environment.parse(path.read_text(encoding="utf-8")))
    markup = _Markup()
    markup.feed("".join(walk.written))
    return [*markup.found, *walk.constants]


class _Walk(NodeVisitor):
    """Collect the markup, with a mark for each expression, and the English constants in expressions."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.constants: list[str] = []

    def visit_TemplateData(self, node: nodes.TemplateData) -> None:  # noqa: N802 - the visitor's way
        self.written.append(node.data)

    def visit_Block(self, node: nodes.Block) -> None:  # noqa: N802
        # The names of classes.
        if node.name != "kind":
            self.generic_visit(node)

    def visit_Output(self, node: nodes.Output) -> None:  # noqa: N802
        for child in node.nodes:
            if not isinstance(child, nodes.TemplateData):
                self.written.append(_SPOKEN)
            self.visit(child)

    def visit_Call(self, node: nodes.Call) -> None:  # noqa: N802
        if isinstance(node.node, nodes.Name) and node.node.name in SAYING:
            # The message itself is English; check only its arguments.
            for one in node.kwargs:
                self.visit(one)
            return
        self.generic_visit(node)

    def visit_Const(self, node: nodes.Const) -> None:  # noqa: N802
        if isinstance(node.value, str) and _is_english(node.value):
            self.constants.append(node.value)


def _is_english(constant: str) -> bool:
    """Return whether a constant is a text (a capitalized word or several words), not a name or markup."""
    if constant in SAME_EVERYWHERE or re.search(r"[/<>=#.]", constant):
        return False
    return bool(re.match(r"[A-Z][a-z]+", constant) or re.search(r"[a-z]{2,} [a-z]{2,}", constant))


class _Markup(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        # Any <meta> other than a description is for machines.
        machine = tag == "meta" and values.get("name") != "description"
        for name, value in values.items():
            read = name in READ and not (machine and name == "content")
            spoken = name.startswith("data-") and " " in (value or "").strip()
            if (read or spoken) and value:
                self._look(value)

    def handle_data(self, data: str) -> None:
        # A macro that produces attributes has no tag around them.
        self._look(re.sub(r'[\w…-]+="[^"]*"', "", data))

    def _look(self, text: str) -> None:
        if list(_english_words(text)):
            self.found.append(" ".join(text.split()))


def _english_words(text: str) -> Iterator[str]:
    # A script fills in names in braces, such as {amount}.
    for word in _WORD.findall(re.sub(r"\{\w+\}|&\w+;", "", text)):
        if word not in SAME_EVERYWHERE:
            yield word
