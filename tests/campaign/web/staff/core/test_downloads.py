"""Downloads: every row once, streamed, and no cell that a spreadsheet evaluates."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask

from campaign.web.staff.core.downloads import cell, download

ROW = {
    "name": "=1+1",
    "amount": -500,
    "at": datetime(2026, 12, 22, 22, 5, tzinfo=UTC),
    "day": date(2026, 12, 22),
    "more": {"tags": ["a", "é"]},
    "none": None,
}


def taken(rows: list[dict[str, Any]], kind: str) -> str:
    with Flask("files").test_request_context():
        return download(list(ROW), rows, "ledger-2026", kind).get_data(as_text=True)


def test_csv_has_a_line_for_its_columns_and_one_for_each_row() -> None:
    (row,) = csv.DictReader(io.StringIO(taken([ROW], "csv")))
    assert row == {
        "name": "'=1+1",
        "amount": "-500",
        "at": "2026-12-22T22:05:00+00:00",
        "day": "2026-12-22",
        "more": '{"tags": ["a", "é"]}',
        "none": "",
    }
    assert taken([], "csv") == "name,amount,at,day,more,none\r\n"


def test_json_lines_keep_numbers_and_texts_unchanged() -> None:
    (line,) = taken([ROW], "jsonl").splitlines()
    assert json.loads(line) == ROW | {"at": "2026-12-22T22:05:00+00:00", "day": "2026-12-22"}
    assert taken([], "jsonl") == ""


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_many_rows_are_streamed_while_they_are_read(kind: str) -> None:
    read = []

    def rows() -> Iterator[dict[str, Any]]:
        for number in range(3_000):
            read.append(number)
            yield ROW | {"amount": number}

    with Flask("files").test_request_context():
        parts = iter(download(list(ROW), rows(), "ledger", kind).iter_encoded())
        first = next(parts)
        assert 0 < len(read) < 3_000
        whole = (first + b"".join(parts)).decode()
    lines = whole.splitlines()[1:] if kind == "csv" else whole.splitlines()
    assert len(lines) == len(read) == 3_000
    assert all(str(number) in line for number, line in enumerate(lines))


def test_the_file_is_named_and_not_buffered() -> None:
    with Flask("files").test_request_context():
        answer = download(["a"], [], "ledger-2026", "jsonl")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="ledger-2026.jsonl"'
    assert answer.content_type == "application/x-ndjson"
    assert answer.headers["X-Accel-Buffering"] == "no"


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx"])
def test_texts_that_start_like_formulas_are_escaped_and_numbers_are_not(text: str) -> None:
    assert cell(text) == f"'{text}"
    assert (cell(-1), cell(-1.5), cell(None), cell("a=1")) == (-1, -1.5, None, "a=1")


def test_nested_values_are_escaped_as_text() -> None:
    assert cell(["=1"]) == '["=1"]'
