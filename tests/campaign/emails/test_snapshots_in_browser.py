"""Every email in a real browser at the width of a small phone: no axe findings and no overflow."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from campaign.emails.samples import samples
from tests.support.accessibility import overflow, violations
from tests.support.sample_emails import sample_email

pytestmark = pytest.mark.browser

Open = Callable[..., Page]

PHONE = {"width": 360, "height": 800}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.mark.parametrize(
    ("locale", "scheme", "names"),
    [
        ("en", "light", list(samples())),
        ("es", "light", list(samples())),
        ("en", "dark", sorted({sample.kind for sample in samples().values()} & set(samples()))),
        ("en", "dark", ["receipt_void", "appeal_nine_days"]),
    ],
    ids=["english", "spanish", "dark", "dark_colours"],
)
def test_no_email_has_findings_and_each_fits(
    open_page: Open, locale: str, scheme: str, names: list[str]
) -> None:
    page = open_page("about:blank", viewport=PHONE, color_scheme=scheme)
    for name in names:
        page.set_content(sample_email(name, locale).html)
        assert violations(page, *WCAG) == [], name
        assert overflow(page) == [], name


def test_an_email_is_one_column_of_560_pixels_on_a_wide_screen(open_page: Open) -> None:
    page = open_page("about:blank", viewport={"width": 1280, "height": 900})
    page.set_content(sample_email("appeal_nine_days").html)
    box = page.locator(".column").bounding_box()
    assert box is not None
    assert box["width"] == 560
    assert abs(box["x"] * 2 + 560 - 1280) <= 20


def test_the_bar_is_as_long_as_the_figure_says(open_page: Open) -> None:
    page = open_page("about:blank", viewport=PHONE)
    page.set_content(sample_email("appeal_own_words").html)
    bar, got = (page.locator(one).bounding_box() for one in (".bar", ".got"))
    assert bar is not None
    assert got is not None
    assert abs(got["width"] / bar["width"] - 0.625) < 0.02
    assert page.get_by_role("img", name="62.5% of the goal").count() == 1


@pytest.mark.parametrize("name", ["statement", "appeal_extended", "receipt_monthly"])
def test_in_a_window_of_320_pixels_nothing_is_cut(open_page: Open, name: str) -> None:
    page = open_page("about:blank", viewport={"width": 320, "height": 800})
    page.set_content(sample_email(name, "es").html)
    assert overflow(page) == []
