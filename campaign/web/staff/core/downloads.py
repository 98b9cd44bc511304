"""Rows as a file: CSV or JSON lines, streamed, so that a million of them take no more memory than ten.

A text cell that a spreadsheet would take for a formula gets an apostrophe before it, as OWASP advises
(https://owasp.org/www-community/attacks/CSV_Injection); numbers stay numbers, the negative ones too.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from flask import Response, stream_with_context

from campaign.core.csv_cells import safe_cell

FORMATS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
_TOGETHER = 64 * 1024
"""Characters that are sent at once."""


def download(
    columns: Sequence[str], rows: Iterable[dict[str, Any]], name: str, kind: str
) -> Response:
    """`rows` as the file `name`.`kind`; `kind` is a key of FORMATS. Rows are read while the file is sent."""
    written = _csv(columns, rows) if kind == "csv" else _json_lines(rows)
    response = Response(stream_with_context(written), content_type=FORMATS[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    # nginx would otherwise hold the beginning back.
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _csv(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(row[name]) for name in columns])
        if buffer.tell() > _TOGETHER:
            yield _taken(buffer)
    yield _taken(buffer)


def _json_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    buffer = io.StringIO()
    for row in rows:
        buffer.write(json.dumps(row, ensure_ascii=False, default=_plain) + "\n")
        if buffer.tell() > _TOGETHER:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def cell(value: Any) -> Any:
    """A cell that no spreadsheet computes."""
    if value is None or isinstance(value, int | float):
        return value
    return safe_cell(value if isinstance(value, str) else _plain(value))


def _plain(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    return str(value)
