"""Color contrast by WCAG 2.2, and the contrast that an accent needs on our background colors.

The formula is from https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio and #dfn-relative-luminance; the limits are from
success criteria 1.4.3 (text) and 1.4.11 (edges of controls).
"""

import re

from campaign.core.errors import FieldsInvalid

PAPER = {"light": "#fffdf8", "dark": "#171614"}
"""As `--paper` in site.css."""

ACCENT = {"light": "#0b5a5c", "dark": "#74c9c4"}
"""As `--accent` in site.css: the default if the organization has not set one."""

TEXT, EDGE = 4.5, 3.0
_INKS = ("#ffffff", "#000000")
_SHORT = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})\Z")


def luminance(color: str) -> float:
    """Return the relative luminance of `#rrggbb`: 0 for black, 1 for white."""
    red, green, blue = (_linear(int(color[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colors, from 1 to 21, in either order."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def text_color_on(accent: str) -> str:
    """Return white or black, the more readable one on `accent`. One of the two always reaches 4.5:1."""
    return max(_INKS, key=lambda ink: contrast(ink, accent))


def parse_accents(light: str, dark: str) -> tuple[str, str] | None:
    """Return both accents as `#rrggbb`, or None if neither was typed.

    Raises FieldsInvalid, for the fields `accent_light` and `accent_dark`, with the ratio if the contrast is too low.
    """
    typed = {"accent_light": light, "accent_dark": dark}
    if not any(text.strip() for text in typed.values()):
        return None
    faults: dict[str, str] = {}
    found = {name: _read(name, text, faults) for name, text in typed.items()}
    for name, scheme in (("accent_light", "light"), ("accent_dark", "dark")):
        if found[name] and (fault := contrast_error(found[name], scheme)):
            faults[name] = fault
    if faults:
        raise FieldsInvalid(faults)
    return found["accent_light"], found["accent_dark"]


def _read(name: str, text: str, faults: dict[str, str]) -> str:
    matched = _SHORT.match(text.strip().lower())
    if matched is None:
        faults[name] = (
            "Enter the color as #rrggbb, for example #0b5a5c."
            if text.strip()
            else "Enter both a light and a dark color, or leave both empty."
        )
        return ""
    digits = matched[1] if len(matched[1]) == 6 else "".join(one * 2 for one in matched[1])
    return f"#{digits}"


def contrast_error(accent: str, scheme: str) -> str:
    """Return why `accent` has too little contrast in `scheme`, with the ratio; '' if it has enough.

    The accent is the color of link text, of button edges, and of the area behind a button's white or black text.
    """
    paper = PAPER[scheme]
    checks = (
        (contrast(accent, paper), TEXT, f"as text on the {scheme} background, {paper}"),
        (contrast(accent, paper), EDGE, f"as an edge on the {scheme} background, {paper}"),
        (contrast(text_color_on(accent), accent), TEXT, "behind a button’s text"),
    )
    for ratio, needed, where in checks:
        if ratio < needed:
            # Truncated, not rounded: 4.49 is not 4.5.
            return (
                f"{accent} has a contrast of {int(ratio * 100) / 100:g}:1 {where};"
                f" it needs at least {needed:g}:1."
            )
    return ""
