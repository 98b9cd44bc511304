"""Charts as inline SVG: few lines, labeled directly instead of in a legend. Colors and type are set in the style sheet.

Widths are in percent, so that a chart fills its column while its text keeps the page's size. Lines are drawn on a
1000 by 1000 square that is stretched without thickening the strokes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

HEIGHT = 220
HEAD = 24
FOOT = 28
_PLOT = HEIGHT - HEAD - FOOT
_SQUARE = 1000
_LABEL_WIDTH = 18.0
"""Percent of the width that a label below the axis takes on a phone."""
_MIN_BARS = 8
"""The axis always has room for at least this many bars."""
_LABEL_GAP = 20
"""Minimum number of pixels between two labels."""


@dataclass(frozen=True)
class ChartLine:
    """A line of a chart: its label and its values from the first day on. `kind` is its CSS class."""

    label: str
    values: Sequence[int]
    kind: str


@dataclass(frozen=True)
class Bar:
    """A bar: its name in the table, its value, and a label below the axis that is shown if there is room."""

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
    """Return a chart of lines over `length` days. `goal` is a horizontal line (value, label); `ends` label the
    first and the last day.
    """
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
        y = _free_height(height(line.values[-1]) - 8, at, taken)
        parts.append(_text(at, y, line.label, anchor, f"chart-name {line.kind}"))
    parts += [
        _text(0, HEIGHT - 6, ends[0], "start"),
        _text(100, HEIGHT - 6, ends[1], "end"),
    ]
    return _svg(title, sentence, HEIGHT, parts)


def _free_height(y: float, at: float, taken: list[tuple[float, float]]) -> float:
    """Return a height near `y` that no other label close to `at` uses."""
    y = max(y, 14.0)
    for other_at, other_y in taken:
        if abs(other_at - at) < 45 and abs(other_y - y) < _LABEL_GAP:
            y = other_y + _LABEL_GAP
    taken.append((at, y))
    return y


def bar_chart(title: str, sentence: str, bars: Sequence[Bar], largest: str) -> Markup:
    """Return a bar chart on one axis; `largest` labels the highest bar. Negative values hang below the axis."""
    top = max([1, *(bar.value for bar in bars)])
    bottom = min([0, *(bar.value for bar in bars)])
    plot = 140
    unit = plot / (top - bottom)
    axis = HEAD + top * unit
    # With few days, a bar must not fill the whole width.
    step = 100 / max(_MIN_BARS, len(bars))
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
        _text(place, HEAD + plot + 20, mark, anchor)
        for place, mark, anchor in _axis_labels(bars, step)
    ]
    return _svg(title, sentence, HEAD + plot + FOOT, parts)


def _axis_labels(bars: Sequence[Bar], step: float) -> list[tuple[float, str, str]]:
    """Return the position of each label below the axis. Starting from the last, drop labels that would overlap."""
    kept: list[tuple[float, str, str]] = []
    begins = 200.0
    for index, bar in reversed(list(enumerate(bars))):
        at_end = index > len(bars) * 0.8
        place = (index + 1) * step if at_end else index * step
        left = place - _LABEL_WIDTH if at_end else place
        if bar.mark and left + _LABEL_WIDTH <= begins:
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
    """Return a small bar for a table cell. It is hidden from screen readers: the figure next to it says the same."""
    width = max(0.0, min(100.0, value * 100 / of)) if of > 0 else 0.0
    return Markup(
        '<svg class="portion" width="100%" height="10" aria-hidden="true" focusable="false">'
        '<rect class="chart-bar" width="{}%" height="10"/></svg>'
    ).format(escape(f"{width:.2f}"))
