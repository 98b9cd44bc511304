"""The bar as an image: as wide as the shares of the goal, with its mark, or no bar at all."""

from typing import Any

import pytest

from campaign.receipts.progress_image import bar_png
from tests.support.images import png_brightness, png_size

MARGIN, WIDTH = 16, 1168
"""In pixels: 8 points of 144 pixels an inch, and the rest of 600 points."""


def bar(parts: tuple[float, float, float] = (50, 0, 0), goal: float = 80, **more: Any) -> bytes:
    return bar_png("", "", "", ".", "", parts, goal, **more)


def at(row: list[int], percent: float) -> int:
    return row[MARGIN + int(WIDTH * percent / 100)]


def test_what_was_received_is_black_what_is_pledged_is_hatched_and_the_rest_white() -> None:
    rows = png_brightness(bar((50, 20, 10)))
    solid = next(row for row in rows if all(at(row, share) == 0 for share in (1, 25, 49)))
    bars = rows[rows.index(solid) + 4 : rows.index(solid) + 20]
    assert [at(bars[8], share) for share in (1, 25, 49, 85, 95)] == [0, 0, 0, 255, 255]
    for first, last in ((52, 68), (72, 78)):
        filled = [
            value
            for row in bars
            for value in row[MARGIN + WIDTH * first // 100 : MARGIN + WIDTH * last // 100]
        ]
        assert min(filled) < 128 < max(filled)


def test_the_goals_mark_stands_at_its_share() -> None:
    rows = png_brightness(bar((10, 0, 0), goal=75))
    # Above the bar, only the mark is dark.
    tops = [row for row in rows if any(value < 64 for value in row)]
    dark = [place for place, value in enumerate(tops[0]) if value < 64]
    assert abs(sum(dark) / len(dark) - (MARGIN + WIDTH * 0.75)) <= 2


def test_a_hidden_bar_is_not_drawn() -> None:
    shown, hidden = png_size(bar()), png_size(bar(hidden=True))
    assert shown[0] == hidden[0] == 1200
    assert hidden[1] < shown[1]
    assert not any(
        sum(value < 64 for value in row) > 100 for row in png_brightness(bar(hidden=True))
    )


def test_a_card_is_a_link_preview_with_the_title_and_headline_and_other_images_have_the_deadline() -> (
    None
):
    words = ("Title", "Ledger", "Headline", ".", "Until noon")

    def drawn(place: int, *, card: bool) -> bool:
        """Whether another text in that place changes the picture."""
        changed = [*words]
        changed[place] = "W"
        made = [bar_png(*each, (10, 0, 0), 80, card=card) for each in (words, changed)]
        return made[0] != made[1]

    assert png_size(bar(card=True)) == (1200, 630)
    assert [drawn(place, card=True) for place in range(5)] == [True, True, True, True, False]
    assert [drawn(place, card=False) for place in range(5)] == [False, True, False, True, True]


@pytest.mark.parametrize(("card", "left", "right"), [(False, 15, 1184), (True, 79, 1120)])
def test_the_bar_keeps_its_margin_with_its_stroke_around_it(
    card: bool, left: int, right: int
) -> None:
    """8 points in an email, 40 points in a link preview, which sites crop; half of the stroke is outside."""
    row = next(
        row for row in png_brightness(bar(card=card)) if sum(value < 64 for value in row) > 400
    )
    dark = [place for place, value in enumerate(row) if value < 128]
    assert (dark[0], dark[-1]) == (left, right)


def test_the_title_of_a_link_preview_is_30_points() -> None:
    rows = png_brightness(bar_png("HHH", "", "", ".", "", (50, 0, 0), 80, card=True))
    dark = [any(value < 128 for value in row) for row in rows]
    first = dark.index(True)
    # A capital letter of Noto Serif is 0.714 of its size: 21.4 points, in pixels twice as many.
    assert dark.index(False, first) - first == 43
