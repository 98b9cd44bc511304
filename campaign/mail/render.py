"""Templates to letters: subject, plain text written as such, and HTML with its styles inlined."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape


@dataclass(frozen=True)
class Letter:
    """One rendered letter."""

    subject: str
    text: str
    html: str


def templates_folder() -> Path:
    """Where the templates are: beside the code in an installed wheel, beside the package in a checkout."""
    installed = Path(__file__).parents[1] / "templates"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "templates"


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(templates_folder()),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
    )


@cache
def _inliner() -> css_inline.CSSInliner:
    # Media queries cannot be inlined: they stay, for dark mode.
    return css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)


def render_letter(name: str, context: dict[str, Any]) -> Letter:
    """The letter `templates/email/<name>/` for `context`. A missing value is an error, not a blank."""
    environment = _environment()
    subject = environment.get_template(f"email/{name}/subject.txt").render(context)
    html = environment.get_template(f"email/{name}/body.html").render(context)
    return Letter(
        subject=" ".join(subject.split()),
        text=environment.get_template(f"email/{name}/body.txt").render(context).strip() + "\n",
        html=_inliner().inline(html),
    )
