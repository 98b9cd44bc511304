"""The progress bar as an image, for emails, feeds and link previews."""

from functools import lru_cache

import typst

from campaign.receipts.font_coverage import FONTS
from campaign.receipts.typesetting import folder, inputs

PIXELS_PER_INCH = 144.0
"""Two pixels a point, so that it is sharp on a phone."""


@lru_cache(maxsize=64)
def bar_png(
    title: str,
    organization: str,
    headline: str,
    sentence: str,
    until: str,
    parts: tuple[float, float, float],
    goal: float,
    *,
    card: bool = False,
    language: str = "en",
    hidden: bool = False,
) -> bytes:
    """Return a PNG of the bar and its text, 600 points wide; with `card`, a link preview of 1200 by 630 pixels.

    `parts` (received, promised and matched) and `goal` (the position of its mark) are percentages of the bar. Images
    are cached per process. A `hidden` one has no bar. `language` is the BCP 47 tag of the text.
    """
    values = {
        "title": title,
        "lang": language,
        "organization": organization,
        "heading": title if card else "",
        "heading_size": 30 if card else 21,
        "width": 600,
        "margin": 40 if card else 8,
        "parts": list(parts),
        "goal": goal,
        "sentence": sentence,
        "until": headline if card else until,
        "hidden": hidden,
        "height": 315 if card else 0,
    }
    made = typst.compile(
        str(folder() / "bar.typ"),
        root=str(folder()),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
        format="png",
        ppi=PIXELS_PER_INCH,
        sys_inputs=inputs(values),
    )
    if not isinstance(made, bytes):
        raise TypeError("typst did not return a single image")
    return made
