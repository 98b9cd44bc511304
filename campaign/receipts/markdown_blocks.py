"""An appeal's Markdown as what a printed template sets: headings, paragraphs and lines of lists. For this package."""

from collections.abc import Iterator
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "typographer": True})
_MARKDOWN.enable(["replacements", "smartquotes"])

# What a token begins or ends: the kind of block from here on, and how deep in items we are.
_KIND_FROM = {"heading_open": "heading", "heading_close": "paragraph"}
_ITEMS = {"list_item_open": 1, "list_item_close": -1}


def blocks(markdown: str) -> list[dict[str, Any]]:
    """Each block, in order: `kind` is heading, paragraph or item; `runs` are pairs of a text and whether it is bold."""
    return list(_blocks(_MARKDOWN.parse(markdown)))


def _blocks(tokens: list[Token]) -> Iterator[dict[str, Any]]:
    kind, items = "paragraph", 0
    for token in tokens:
        kind = _KIND_FROM.get(token.type, kind)
        items += _ITEMS.get(token.type, 0)
        if token.type == "inline":
            runs = _joined(_runs(token.children or []))
            if runs:
                yield {"kind": "item" if items else kind, "runs": runs}
        elif token.type in {"code_block", "fence"}:
            yield {"kind": "paragraph", "runs": [[token.content, False]]}


def _runs(tokens: list[Token]) -> Iterator[tuple[str, bool]]:
    bold = False
    for token in tokens:
        if token.type in {"strong_open", "strong_close"}:
            bold = token.type == "strong_open"
        elif token.type in {"softbreak", "hardbreak"}:
            yield " ", bold
        elif token.content:
            yield token.content, bold


def _joined(runs: Iterator[tuple[str, bool]]) -> list[list[Any]]:
    found: list[list[Any]] = []
    for text, bold in runs:
        if found and found[-1][1] == bold:
            found[-1][0] += text
        else:
            found.append([text, bold])
    return found
