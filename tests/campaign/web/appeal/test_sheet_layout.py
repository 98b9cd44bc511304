"""The height of a print sheet: more text, larger print and narrower paper need more of it."""

import pytest

from campaign.web.appeal.sheet_layout import Sheet, lines_of, sheet_height, text_height

LETTER = Sheet("letter", large=False)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 10, 1),
        ("nnn nnn", 4.3, 1),
        ("nnn nnn", 4.1, 2),
        ("n" * 30, 10, 2),
        ("i" * 30, 11, 1),
        ("漢" * 10, 10, 1),
        ("漢" * 11, 10, 2),
        ("WWW", 3, 2),
    ],
)
def test_text_takes_the_lines_that_its_words_need(text: str, width: float, lines: int) -> None:
    assert lines_of(text, width) == lines


def test_bold_text_takes_more_lines() -> None:
    assert (lines_of("n" * 10, 6.5), lines_of("n" * 10, 6.5, bold=True)) == (1, 2)


def test_a_sheet_on_a_smaller_scale_needs_less_height() -> None:
    text = f"<p>{'a reader gives ' * 100}</p>"
    heights = [
        text_height(text, Sheet("letter", large=False, scale=scale)) for scale in (1, 0.9, 0.6)
    ]
    assert heights == sorted(heights, reverse=True)
    assert heights[2] < heights[0] * 0.5


def test_large_print_and_narrow_paper_need_more_height() -> None:
    text = f"<p>{'a reader gives ' * 200}</p>"
    assert text_height(text, Sheet("letter", large=True)) > 2 * text_height(text, LETTER)
    assert text_height(text, Sheet("a4", large=False)) > text_height(text, LETTER)
    assert Sheet("a4", large=False).height > LETTER.height > Sheet("letter", large=False).height - 1


def test_lists_and_headings_count_by_their_lines() -> None:
    one = text_height("<p>One</p>", LETTER)
    assert text_height("<p>One</p><p>Two</p>", LETTER) == pytest.approx(one + LETTER.paragraph)
    assert text_height("<ul><li>One</li><li>Two</li></ul>", LETTER) > 1.5 * one
    assert text_height("<h2>One</h2>", LETTER) > one


def body(**parts: str) -> str:
    filled = {"figures": "", "address": "", "caption": "", **parts}
    return (
        "<title>x</title><main><h1>A title</h1><p class='figures'>{figures}</p><div class='text'></div>"
        "<section class='how'><div><address>{address}</address></div>"
        "<figure><svg class='qr'><title>QR code</title></svg><figcaption>{caption}</figcaption></figure></section>"
        "</main>"
    ).format(**filled)


def test_each_part_adds_to_the_sheet() -> None:
    least = sheet_height(body(), LETTER)
    assert sheet_height(body(figures="$100 raised. " * 30), LETTER) > least + 10
    assert sheet_height(body(figures="<svg><text>Goal</text></svg>"), LETTER) == least


def test_the_address_and_the_qr_code_are_side_by_side() -> None:
    """The higher of both counts."""
    code = sheet_height(body(), LETTER)
    assert sheet_height(body(address="1 Wharf Street"), LETTER) == code
    assert sheet_height(body(address="<br>".join(["1 Wharf Street"] * 12)), LETTER) > code + 20
    assert sheet_height(body(caption="https://give.example " * 10), LETTER) > code + 10
