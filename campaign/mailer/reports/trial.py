"""Compare what is read in a folder of reports with what is expected. Changes nothing and needs no database."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from campaign.core.errors import CampaignError, ReportInvalid
from campaign.mailer.bounce_reports import BounceFinding, read_report

NOT_SEEN = "not seen"
_NAMES = {"hard": "permanent", "none": "nothing", "feedback": "complaint"}
_EXPECTED = tuple(each.value for each in BounceFinding if each is not BounceFinding.unclear)
COLUMNS = ("expected", "reports", "right", "as permanent", "as temporary", "otherwise", NOT_SEEN)


class Trial(NamedTuple):
    """One report: its name, what is expected ('' if that is not known), what was read, and why."""

    name: str
    expected: str
    seen: str
    detail: str

    @property
    def right(self) -> bool:
        """Return whether it was read as expected. What says nothing need not be seen."""
        return self.seen == self.expected or {self.seen, self.expected} == {NOT_SEEN, "nothing"}


def read_expectations(path: Path) -> dict[str, str]:
    """Return what is expected by file name, from lines `name,expected`. Raise CampaignError if a line is neither."""
    expected: dict[str, str] = {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for number, row in enumerate(csv.reader(stream), start=1):
            if not row or row == ["name", "expected"]:
                continue
            finding = _NAMES.get(row[-1].strip(), row[-1].strip())
            if len(row) != 2 or finding not in _EXPECTED:
                raise CampaignError(f"{path} line {number}: write name,{'|'.join(_EXPECTED)}.")
            expected[row[0].strip()] = finding
    return expected


def try_folder(folder: Path, expected: dict[str, str]) -> Iterator[Trial]:
    """Read every file below `folder`, or those that are expected if any are, by name."""
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        name = path.relative_to(folder).as_posix()
        if not expected or name in expected:
            seen, detail = _read(path)
            yield Trial(name, expected.get(name, ""), seen, detail)


def _read(path: Path) -> tuple[str, str]:
    try:
        report = read_report(path.read_bytes(), "")
    except ReportInvalid as fault:
        return NOT_SEEN, str(fault)
    return (NOT_SEEN, "") if report is None else (report.finding.value, report.detail)


def table_of(trials: Iterable[Trial]) -> list[tuple[str, ...]]:
    """Return one row for each expectation, in the order of COLUMNS."""
    counts = Counter((each.expected, each.seen, each.right) for each in trials)
    return [
        _row(name, counts) for name in (*_EXPECTED, "") if any(key[0] == name for key in counts)
    ]


def _row(expected: str, counts: Counter[tuple[str, str, bool]]) -> tuple[str, ...]:
    mine = {key[1:]: number for key, number in counts.items() if key[0] == expected}
    total, right = sum(mine.values()), sum(mine[key] for key in mine if key[1])
    permanent, temporary, unseen = (
        mine.get((seen, False), 0) for seen in ("permanent", "soft", NOT_SEEN)
    )
    otherwise = total - right - permanent - temporary - unseen
    numbers = (total, right, permanent, temporary, otherwise, unseen)
    return (expected or "(not known)", *(f"{number:,}" for number in numbers))
