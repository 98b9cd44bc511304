"""The colors of emails: readable in light and dark mode (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re

import pytest

from tests.support.sample_emails import sample_email

Colors = dict[str, dict[str, str]]


def rules(css: str) -> Colors:
    """Return the colors of each selector; later rules win."""
    found: Colors = {}
    for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", css):
        colors = re.findall(r"([a-z-]+):[^;]*?(#[0-9a-f]{6})", body)
        for selector in selectors.split(","):
            named = {name.replace("border-color", "border"): value for name, value in colors}
            found.setdefault(selector.strip(), {}).update(named)
    return found


@pytest.fixture(scope="module", params=["light", "dark"])
def colors(request: pytest.FixtureRequest) -> Colors:
    html = sample_email("appeal_nine_days").html
    style = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)[0]
    light, _, dark = style.partition("@media (prefers-color-scheme: dark) {")
    found = rules(light)
    if request.param == "dark":
        for selector, changed in rules(dark).items():
            found.setdefault(selector, {}).update(changed)
    return found


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    "selector", [".cell", ".date", ".note", ".facts th", ".facts td", ".foot", ".void", "a"]
)
def test_text_contrasts_with_the_background(colors: Colors, selector: str) -> None:
    assert contrast(colors[selector]["color"], colors[".frame"]["background-color"]) >= 4.5


def test_the_button_contrasts_with_its_text_and_the_background(colors: Colors) -> None:
    button = colors[".button"]
    assert contrast(button["color"], button["background-color"]) >= 4.5
    assert contrast(button["background-color"], colors[".frame"]["background-color"]) >= 3


def test_the_bar_and_its_frame_can_be_seen(colors: Colors) -> None:
    paper = colors[".frame"]["background-color"]
    assert contrast(colors[".got"]["background-color"], paper) >= 3
    assert contrast(colors[".bar"]["border"], paper) >= 3


def test_every_coloured_rule_has_its_dark_twin() -> None:
    html = sample_email("appeal_nine_days").html
    style = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)[0]
    light, _, dark = style.partition("@media (prefers-color-scheme: dark) {")
    colored = {name for name, found in rules(light).items() if found}
    assert colored - set(rules(dark)) <= {".column"}
