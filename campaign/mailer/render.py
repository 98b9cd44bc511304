"""Render email templates: subject, plain text from its own template, and HTML with inlined styles."""

import re
import textwrap
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from campaign.core.i18n import get_language

WIDTH = 72
"""Maximum characters in a line of plain text. A longer URL is not broken."""
_SIGNATURE = "-- "


@dataclass(frozen=True)
class RenderedEmail:
    """One rendered email."""

    subject: str
    text: str
    html: str


def templates_folder() -> Path:
    """Return the templates folder: inside the package in an installed wheel, beside it in a checkout."""
    installed = Path(__file__).parents[1] / "templates"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "templates"


@cache
def _environment(locale: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates_folder()),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        # A condition on its own line leaves no empty line in the plain text.
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    language = get_language(locale)
    environment.install_gettext_callables(  # type: ignore[attr-defined] # jinja2.ext.i18n adds it
        language.gettext, language.ngettext, newstyle=True
    )
    return environment


@cache
def _inliner() -> css_inline.CSSInliner:
    # Keep the media queries for dark mode; they cannot be inlined.
    return css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)


def render_email(name: str, context: dict[str, Any]) -> RenderedEmail:
    """Render `templates/email/<name>/` with `context`, in the language of `context["locale"]`.

    A missing value is an error, not a blank.
    """
    language = get_language(context["locale"])
    environment = _environment(language.locale)
    values = context | {"locale": language.locale, "direction": language.direction}
    subject = environment.get_template(f"email/{name}/subject.txt").render(values)
    html = environment.get_template(f"email/{name}/body.html").render(values)
    text = environment.get_template(f"email/{name}/body.txt").render(values)
    return RenderedEmail(_one_line(subject), _lines(text), _inliner().inline(html))


def _one_line(text: str) -> str:
    """Return a subject on one line, so that no value in it can inject another header."""
    kept = (" " if unicodedata.category(each) == "Cc" else each for each in text)
    return " ".join("".join(kept).split())


def _lines(text: str) -> str:
    """Break long lines at spaces and collapse consecutive empty lines."""
    lines: list[str] = []
    for line in text.splitlines():
        kept = _SIGNATURE if line == _SIGNATURE else line.rstrip()
        lines += _broken(kept) or [""]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"


def _broken(line: str) -> list[str]:
    if len(line) <= WIDTH:
        return [line]
    indent = "  " if line.startswith("- ") else ""
    return textwrap.wrap(
        line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
