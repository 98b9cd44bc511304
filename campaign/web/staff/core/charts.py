"""Charts as SVG, drawn here: few lines, labelled where they are, no legend. Colours and type are the style sheet's.

Widths are in percent, so that a chart is as wide as its column and its letters stay as large as the page's. Lines
are drawn on a square of 1000 by 1000 that is stretched, without making the strokes thicker.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

HEIGHT = 220
HEAD = 24
FOOT = 28
_PLOT = HEIGHT - HEAD - FOOT
_SQUARE = 1000
_MARK = 18.0
"""Percent of the width that a word below an axis takes on a phone."""
_FEWEST = 8
"""Bars for which an axis has room at least."""
_APART = 20
"""Pixels between two labels at least."""


@dataclass(frozen=True)
class ChartLine:
    """A line of a chart: its values from the first day on, and what it is. `kind` is its class in the style sheet."""

    label: str
    values: Sequence[int]
    kind: str


@dataclass(frozen=True)
class Bar:
    """A bar: what stands under it in the table, its value, and a word below the axis where there is room."""

    name: str
    value: int
    mark: str = ""


def line_chart(
    title: str,
    sentence: str,
    lines: Sequence[ChartLine],
    length: int,
    goal: tuple[int, str],
    ends: tuple[str, str],
) -> Markup:
    """Lines over `length` days, with a level line named `goal`; `ends` stand under the first and the last day."""
    level, level_label = goal
    top = max([level, *(max(line.values, default=0) for line in lines)]) * 1.08 or 1.0
    bottom = min([0, *(min(line.values, default=0) for line in lines)])

    def height(value: float) -> float:
        return HEAD + _PLOT * (1 - (value - bottom) / (top - bottom))

    steps = max(1, length - 1)
    parts = [
        _rule(height(level), "chart-goal"),
        _text(0, height(level) - 6, level_label, "start", "chart-name"),
        _rule(height(0), "chart-axis"),
    ]
    taken: list[tuple[float, float]] = []
    for line in lines:
        if not line.values:
            continue
        points = " ".join(
            f"{min(index / steps, 1) * _SQUARE:.1f},{_SQUARE * (1 - (value - bottom) / (top - bottom)):.1f}"
            for index, value in enumerate(line.values)
        )
        parts.append(
            Markup(
                '<svg y="{}" width="100%" height="{}" viewBox="0 0 1000 1000" preserveAspectRatio="none"'
                ' overflow="visible"><polyline class="chart-line {}" points="{}"/></svg>'
            ).format(HEAD, _PLOT, line.kind, points)
        )
        at = min((len(line.values) - 1) / steps, 1) * 100
        anchor = "end" if at > 60 else "start"
        y = _free(height(line.values[-1]) - 8, at, taken)
        parts.append(_text(at, y, line.label, anchor, f"chart-name {line.kind}"))
    parts += [
        _text(0, HEIGHT - 6, ends[0], "start"),
        _text(100, HEIGHT - 6, ends[1], "end"),
    ]
    return _svg(title, sentence, HEIGHT, parts)


def _free(y: float, at: float, taken: list[tuple[float, float]]) -> float:
    """A height near `y` at which no other label stands at about the same place."""
    y = max(y, 14.0)
    for other_at, other_y in taken:
        if abs(other_at - at) < 45 and abs(other_y - y) < _APART:
            y = other_y + _APART
    taken.append((at, y))
    return y


def bar_chart(title: str, sentence: str, bars: Sequence[Bar], largest: str) -> Markup:
    """A bar for each, on one axis; `largest` names the highest. What is below nothing hangs below the axis."""
    top = max([1, *(bar.value for bar in bars)])
    bottom = min([0, *(bar.value for bar in bars)])
    plot = 140
    unit = plot / (top - bottom)
    axis = HEAD + top * unit
    # The first day of a campaign is a bar, not a wall.
    step = 100 / max(_FEWEST, len(bars))
    parts = [_text(0, 14, largest, "start", "chart-name"), _rule(axis, "chart-axis")]
    for index, bar in enumerate(bars):
        tall = abs(bar.value) * unit
        if tall:
            parts.append(
                Markup('<rect class="chart-bar" x="{}%" y="{}" width="{}%" height="{}"/>').format(
                    f"{index * step + step * 0.1:.3f}",
                    f"{axis - tall if bar.value > 0 else axis:.1f}",
                    f"{step * 0.8:.3f}",
                    f"{max(tall, 1):.1f}",
                )
            )
    parts += [
        _text(place, HEAD + plot + 20, mark, anchor) for place, mark, anchor in _marks(bars, step)
    ]
    return _svg(title, sentence, HEAD + plot + FOOT, parts)


def _marks(bars: Sequence[Bar], step: float) -> list[tuple[float, str, str]]:
    """Where each word below the axis stands; from the last one back, those that would touch are left out."""
    kept: list[tuple[float, str, str]] = []
    begins = 200.0
    for index, bar in reversed(list(enumerate(bars))):
        at_end = index > len(bars) * 0.8
        place = (index + 1) * step if at_end else index * step
        left = place - _MARK if at_end else place
        if bar.mark and left + _MARK <= begins:
            kept.append((place, bar.mark, "end" if at_end else "start"))
            begins = left
    return kept


def _rule(y: float, kind: str) -> Markup:
    return Markup('<line class="{}" x1="0" x2="100%" y1="{}" y2="{}"/>').format(
        kind, f"{y:.1f}", f"{y:.1f}"
    )


def _text(at: float, y: float, text: str, anchor: str, kind: str = "") -> Markup:
    return Markup('<text x="{}%" y="{}" text-anchor="{}" class="{}">{}</text>').format(
        f"{at:.2f}", f"{y:.1f}", anchor, kind, text
    )


def _svg(title: str, sentence: str, height: int, parts: Sequence[Markup]) -> Markup:
    opening = Markup(
        '<svg class="chart" width="100%" height="{}" role="img" aria-label="{}">'
    ).format(height, f"{title}. {sentence}")
    return Markup("").join([opening, *parts, Markup("</svg>")])


def share_bar(value: int, of: int) -> Markup:
    """A small bar within a table's cell; the figure beside it says the same."""
    width = max(0.0, min(100.0, value * 100 / of)) if of > 0 else 0.0
    return Markup(
        '<svg class="portion" width="100%" height="10" aria-hidden="true" focusable="false">'
        '<rect class="chart-bar" width="{}%" height="10"/></svg>'
    ).format(escape(f"{width:.2f}"))
