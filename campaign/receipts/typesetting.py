"""Run typst. User text is passed as data (JSON), never as source."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import typst

from campaign.mailer.render import templates_folder
from campaign.receipts.font_coverage import FONTS, printable


def render_pdf(name: str, values: dict[str, Any]) -> bytes:
    """Render `templates/print/<name>.typ` with `values` as a tagged PDF/UA-1, without the clock or system fonts."""
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
        raise TypeError("typst did not return a single document")
    return made


def folder() -> Path:
    """Return the folder of the print templates."""
    return templates_folder() / "print"


def inputs(values: dict[str, Any]) -> dict[str, str]:
    """Return `values` as a template reads them, without characters that the font lacks."""
    return {"values": json.dumps(_settable(values))}


def _settable(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Decimal):
        # A place in a picture; texts are formatted before.
        return float(value)
    if isinstance(value, dict):
        return {key: _settable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_settable(one) for one in value]
    return value
