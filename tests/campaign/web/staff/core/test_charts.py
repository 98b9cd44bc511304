"""SVG charts: the positions of lines and bars, and escaped names."""

import re

from campaign.web.staff.core.charts import (
    FOOT,
    HEAD,
    HEIGHT,
    Bar,
    ChartLine,
    bar_chart,
    line_chart,
    share_bar,
)


def points(chart: str) -> list[list[tuple[float, float]]]:
    """Return each line's points on the 1000 by 1000 square."""
    found = re.findall(r'points="([^"]*)"', chart)
    return [
        [(float(x), float(y)) for x, _, y in (one.partition(",") for one in line.split())]
        for line in found
    ]


def heights(chart: str, kind: str) -> list[float]:
    return [float(y) for y in re.findall(rf'class="{kind}" x1="0" x2="100%" y1="([\d.]+)"', chart)]


def bars(chart: str) -> list[tuple[float, float]]:
    """Return (upper edge, height) of each bar."""
    drawn = re.findall(r'<rect class="chart-bar"[^>]*>', chart)
    found = [dict(re.findall(r'(\w+)="([^"]*)"', one)) for one in drawn]
    return [(float(one["y"]), float(one["height"])) for one in found]


def chart(*lines: ChartLine, length: int = 3, goal: int = 100) -> str:
    return str(line_chart("Raised", "So far", lines, length, (goal, "Goal"), ("Dec 1", "Dec 3")))


def test_a_line_covers_the_known_days_and_starts_at_the_axis() -> None:
    drawn = chart(ChartLine("This", [0, 50], "now"))
    ((first, last),) = points(drawn)
    assert (first, last[0]) == ((0.0, 1000.0), 500.0)
    assert last[1] < 1000
    assert heights(drawn, "chart-axis") == [HEIGHT - FOOT]
    assert HEAD < heights(drawn, "chart-goal")[0] < HEIGHT - FOOT


def test_more_values_than_days_stay_within_the_chart() -> None:
    (line,) = points(chart(ChartLine("This", [0, 1, 2, 3, 4], "now"), length=2))
    assert max(x for x, _ in line) == 1000
    (alone,) = points(chart(ChartLine("This", [7], "now"), length=1))
    assert alone[0][0] == 0


def test_negative_values_lower_the_bottom_but_not_the_axis() -> None:
    drawn = chart(ChartLine("This", [100, -50], "now"))
    ((_, last),) = points(drawn)
    assert last[1] == 1000
    assert heights(drawn, "chart-axis")[0] < HEIGHT - FOOT


def test_a_line_without_values_is_left_out_and_an_empty_chart_is_still_drawn() -> None:
    assert points(chart(ChartLine("Before", [], "then"), goal=0)) == []
    assert 'role="img" aria-label="Raised. So far"' in chart(goal=0)


def test_labels_at_about_the_same_place_do_not_overlap() -> None:
    drawn = chart(ChartLine("One", [0, 0, 50], "a"), ChartLine("Two", [0, 0, 50], "b"))
    places = [float(y) for y in re.findall(r'y="([\d.]+)" text-anchor="end" class="chart-name', drawn)]  # fmt: skip
    assert places[1] - places[0] == 20


def test_a_negative_bar_hangs_below_the_axis_and_a_zero_bar_is_not_drawn() -> None:
    drawn = str(bar_chart("Days", "", [Bar("Mon", 100), Bar("Tue", 0), Bar("Wed", -40)], "$1"))
    (axis,) = heights(drawn, "chart-axis")
    up, down = bars(drawn)
    assert (up, down) == ((HEAD, 100.0), (axis, 40.0))
    assert axis == HEAD + 100


def test_the_smallest_bar_can_still_be_seen() -> None:
    drawn = str(bar_chart("Days", "", [Bar("Mon", 1), Bar("Tue", 1_000_000)], "$10,000"))
    assert bars(drawn)[0][1] == 1.0


def test_overlapping_axis_labels_are_dropped_except_the_last() -> None:
    every = [Bar(str(n), n + 1, f"Dec {n + 1}") for n in range(20)]
    drawn = str(bar_chart("Days", "", every, "$20"))
    shown = re.findall(r">(Dec \d+)<", drawn)
    assert shown[0] == "Dec 20"
    assert 2 < len(shown) < 7


def test_names_are_escaped() -> None:
    drawn = chart(ChartLine("<b>", [1], "now")) + str(
        bar_chart('"><script>', "<i>", [Bar("x", 1, "<u>")], "<s>")
    )
    for tag in ("<b>", "<script>", "<i>", "<u>", "<s>"):
        assert tag not in drawn
        assert tag.replace("<", "&lt;").replace(">", "&gt;") in drawn


def test_a_share_is_between_zero_and_one_hundred_percent() -> None:
    widths = [
        re.findall(r'chart-bar" width="([\d.]+)%', str(share_bar(value, of)))[0]
        for value, of in ((1, 3), (5, 4), (-1, 4), (1, 0), (1, -4))
    ]
    assert widths == ["33.33", "100.00", "0.00", "0.00", "0.00"]
