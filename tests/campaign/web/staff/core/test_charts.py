"""Charts as SVG: where lines and bars stand, and that nothing of a name is markup."""

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
    """Each line's points, on the square of 1000 by 1000."""
    found = re.findall(r'points="([^"]*)"', chart)
    return [
        [(float(x), float(y)) for x, _, y in (one.partition(",") for one in line.split())]
        for line in found
    ]


def heights(chart: str, kind: str) -> list[float]:
    return [float(y) for y in re.findall(rf'class="{kind}" x1="0" x2="100%" y1="([\d.]+)"', chart)]


def bars(chart: str) -> list[tuple[float, float]]:
    """(upper edge, height) of each bar."""
    drawn = re.findall(r'<rect class="chart-bar"[^>]*>', chart)
    found = [dict(re.findall(r'(\w+)="([^"]*)"', one)) for one in drawn]
    return [(float(one["y"]), float(one["height"])) for one in found]


def chart(*lines: ChartLine, length: int = 3, goal: int = 100) -> str:
    return str(line_chart("Raised", "So far", lines, length, (goal, "Goal"), ("Dec 1", "Dec 3")))


def test_a_line_runs_over_the_days_there_are_and_starts_at_the_axis() -> None:
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


def test_what_is_below_nothing_lowers_the_bottom_and_not_the_axis() -> None:
    drawn = chart(ChartLine("This", [100, -50], "now"))
    ((_, last),) = points(drawn)
    assert last[1] == 1000
    assert heights(drawn, "chart-axis")[0] < HEIGHT - FOOT


def test_a_line_without_values_is_left_out_and_an_empty_chart_is_drawn_all_the_same() -> None:
    assert points(chart(ChartLine("Before", [], "then"), goal=0)) == []
    assert 'role="img" aria-label="Raised. So far"' in chart(goal=0)


def test_labels_at_about_the_same_place_give_way_to_each_other() -> None:
    drawn = chart(ChartLine("One", [0, 0, 50], "a"), ChartLine("Two", [0, 0, 50], "b"))
    places = [float(y) for y in re.findall(r'y="([\d.]+)" text-anchor="end" class="chart-name', drawn)]  # fmt: skip
    assert places[1] - places[0] == 20


def test_a_bar_below_nothing_hangs_below_the_axis_and_one_of_nothing_is_none() -> None:
    drawn = str(bar_chart("Days", "", [Bar("Mon", 100), Bar("Tue", 0), Bar("Wed", -40)], "$1"))
    (axis,) = heights(drawn, "chart-axis")
    up, down = bars(drawn)
    assert (up, down) == ((HEAD, 100.0), (axis, 40.0))
    assert axis == HEAD + 100


def test_the_smallest_bar_can_still_be_seen() -> None:
    drawn = str(bar_chart("Days", "", [Bar("Mon", 1), Bar("Tue", 1_000_000)], "$10,000"))
    assert bars(drawn)[0][1] == 1.0


def test_words_below_the_axis_that_would_touch_are_left_out_the_last_one_stays() -> None:
    every = [Bar(str(n), n + 1, f"Dec {n + 1}") for n in range(20)]
    drawn = str(bar_chart("Days", "", every, "$20"))
    told = re.findall(r">(Dec \d+)<", drawn)
    assert told[0] == "Dec 20"
    assert 2 < len(told) < 7


def test_a_name_is_text_and_no_markup() -> None:
    drawn = chart(ChartLine("<b>", [1], "now")) + str(
        bar_chart('"><script>', "<i>", [Bar("x", 1, "<u>")], "<s>")
    )
    for tag in ("<b>", "<script>", "<i>", "<u>", "<s>"):
        assert tag not in drawn
        assert tag.replace("<", "&lt;").replace(">", "&gt;") in drawn


def test_a_share_is_between_nothing_and_all() -> None:
    widths = [
        re.findall(r'chart-bar" width="([\d.]+)%', str(share_bar(value, of)))[0]
        for value, of in ((1, 3), (5, 4), (-1, 4), (1, 0), (1, -4))
    ]
    assert widths == ["33.33", "100.00", "0.00", "0.00", "0.00"]
