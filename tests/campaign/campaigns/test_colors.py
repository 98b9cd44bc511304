"""WCAG contrast, and accents that are rejected with their ratio."""

import re
from pathlib import Path

import pytest

from campaign.campaigns.colors import ACCENT, PAPER, contrast, parse_accents, text_color_on
from campaign.core.errors import FieldsInvalid

SHEET = Path(__file__).parents[3] / "campaign" / "static" / "site.css"


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48), ("#123456", "#123456", 1)],
)
def test_the_contrast_ratio_follows_the_standard(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.005)


def test_the_backgrounds_and_accents_match_the_stylesheet() -> None:
    light, dark = (
        dict(re.findall(r"--(\w+): (#\w+);", part))
        for part in SHEET.read_text().split("@media (forced-colors")[0].split("@media")[:2]
    )
    assert {"light": light["paper"], "dark": dark["paper"]} == PAPER
    assert {"light": light["accent"], "dark": dark["accent"]} == ACCENT
    assert parse_accents(*ACCENT.values()) == tuple(ACCENT.values())


def test_an_accent_with_low_contrast_is_rejected_with_its_ratio() -> None:
    with pytest.raises(FieldsInvalid) as refused:
        parse_accents("#ffcc00", "#0B5A5C")
    assert "1.4" in refused.value.faults["accent_light"]
    assert "needs at least 4.5:1" in refused.value.faults["accent_light"]
    assert "on the dark background" in refused.value.faults["accent_dark"]
    with pytest.raises(FieldsInvalid) as halves:
        parse_accents("teal", "")
    assert set(halves.value.faults) == {"accent_light", "accent_dark"}
    assert parse_accents(" #7A1F3D", "#fac") == ("#7a1f3d", "#ffaacc")
    assert parse_accents("", " ") is None


@pytest.mark.parametrize("gray", range(0, 256, 15))
def test_text_on_an_accent_always_has_enough_contrast(gray: int) -> None:
    accent = f"#{gray:02x}{gray:02x}{gray:02x}"
    assert contrast(text_color_on(accent), accent) >= 4.5
