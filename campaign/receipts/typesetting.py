"""How typst is called. What people wrote goes in as data (JSON), never into the source."""

import json
from pathlib import Path
from typing import Any

import typst

from campaign.mailer.render import templates_folder
from campaign.receipts.font_coverage import FONTS, printable


def render_pdf(name: str, values: dict[str, Any]) -> bytes:
    """The template `templates/print/<name>.typ` for `values`, as tagged PDF/UA-1. Reads no clock and no system font."""
    made = typst.compile(
        str(folder() / f"{name}.typ"),
        root=str(folder()),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs=inputs(values),
        pdf_standards=["ua-1"],
        timestamp=0,
    )
    if not isinstance(made, bytes):
        raise TypeError("typst made no single document")
    return made


def folder() -> Path:
    """Where the templates of what is printed are."""
    return templates_folder() / "print"


def inputs(values: dict[str, Any]) -> dict[str, str]:
    """`values` as a template reads them, without what our font cannot show."""
    return {"values": json.dumps(_settable(values))}


def _settable(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {key: _settable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_settable(one) for one in value]
    return value
