"""Downloads as CSV or JSON lines, streamed, so that a million rows take no more memory than ten.

A text cell that a spreadsheet would read as a formula gets an apostrophe in front, as OWASP advises
(https://owasp.org/www-community/attacks/CSV_Injection). Numbers stay numbers, including negative ones.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import Response, stream_with_context

from campaign.core.csv_cells import safe_cell

FORMATS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
_CHUNK = 64 * 1024
"""Characters per chunk."""


def download(
    columns: Sequence[str], rows: Iterable[dict[str, Any]], name: str, kind: str
) -> Response:
    """Return `rows` as the download `name`.`kind`; `kind` is a key of FORMATS. Rows are read while the file is sent."""
    written = _csv(columns, rows) if kind == "csv" else _json_lines(rows)
    response = Response(stream_with_context(written), content_type=FORMATS[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    # Otherwise nginx buffers the response.
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _csv(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(row[name]) for name in columns])
        if buffer.tell() > _CHUNK:
            yield _take(buffer)
    yield _take(buffer)


def _json_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    buffer = io.StringIO()
    for row in rows:
        buffer.write(json.dumps(row, ensure_ascii=False, default=_to_text) + "\n")
        if buffer.tell() > _CHUNK:
            yield _take(buffer)
    yield _take(buffer)


def _take(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def cell(value: Any) -> Any:
    """Return `value` as a CSV cell that no spreadsheet evaluates."""
    if value is None or isinstance(value, int | float | Decimal):
        return value
    return safe_cell(value if isinstance(value, str) else _to_text(value))


def _to_text(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=_to_text)
    return str(value)
