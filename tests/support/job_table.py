"""What the operating guide promises about each scheduled job, in the table of docs/operating.md."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "operating.md"
ROW = re.compile(r"\| (`[a-z`, -]+`) \| (.+) \| (\d+ [a-z]+) \|")
UNITS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
}
NUMBERS = {"ten": 10, "twelve": 12}


def documented_intervals() -> dict[str, timedelta]:
    """Return how often each job runs, without the one that cron runs."""
    return {
        job: _length(runs.removeprefix("every ").partition(",")[0])
        for job, runs, _ in _rows()
        if runs.startswith("every ")
    }


def documented_limits() -> dict[str, timedelta]:
    """Return after how long without a success each job is overdue."""
    return {job: _length(limit) for job, _, limit in _rows()}


def _rows() -> Iterator[tuple[str, str, str]]:
    for jobs, runs, limit in ROW.findall(GUIDE.read_text(encoding="utf-8")):
        for job in re.findall(r"`([^`]+)`", jobs):
            yield job, runs, limit


def _length(words: str) -> timedelta:
    """Read `2 minutes`, `ten seconds` or `hour`."""
    *number, unit = words.split()
    count = NUMBERS.get(number[0]) or int(number[0]) if number else 1
    return count * UNITS[unit.removesuffix("s")]
