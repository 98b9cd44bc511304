"""Read a table as people have it: rows of cells by column name, with the line that each starts on.

Any common encoding, delimiter and line end; quoted cells of several lines; `sep=;` before the header. Rows are read one
at a time, and as often as needed: a file of any length takes the same memory.
"""

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from campaign.core.csv_lists import RejectedLine
from campaign.core.errors import ListInvalid
from campaign.moving.encodings import FoundEncoding, find_encoding

DELIMITERS = ",;\t|"
LONGEST_ROW = 100_000
"""Characters, over all its lines. The csv module's own limit for one cell is a little above it."""

MOST_LINES = 200
"""Of one row: a quotation mark that is never closed swallows no more than it has to."""

MOST_COLUMNS = 1000
_SAMPLE_ROWS = 30
_SEP = re.compile(r'"?sep=(.)"?[,;]*\Z', re.IGNORECASE)
_SPACE = " \t\r\n\f\v\u00a0\u202f"
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True)
class TableRow:
    """One row: the line it starts on (the file's first is 1), and its cells by column, trimmed, '' if empty."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    """A file of rows. `columns` are the header's names as written, trimmed; a repeated one gets ` (2)`.

    A column without a name is `column 3`. `first` is the line of the first row after the header.
    """

    path: Path
    encoding: FoundEncoding
    delimiter: str
    columns: tuple[str, ...]
    first: int

    def rows(self) -> Iterator[TableRow | RejectedLine]:
        """Yield each row that is not empty, or why it cannot be read. Can be called again."""
        with self.path.open("rb") as stream:
            reader = _Records(stream, self.encoding, self.delimiter)
            for line, cells, fault in reader:
                if line < self.first or not (fault or any(map(str.strip, cells))):
                    continue
                yield RejectedLine(line, fault) if fault else self._row(line, cells)

    def _row(self, line: int, cells: list[str]) -> TableRow | RejectedLine:
        given = len(cells)
        while len(cells) > len(self.columns) and not cells[-1].strip():
            cells.pop()
        if len(cells) != len(self.columns):
            words = f"{given} cells, but the header has {len(self.columns)} columns"
            return RejectedLine(line, words)
        return TableRow(
            line, dict(zip(self.columns, (trimmed(each) for each in cells), strict=True))
        )


def open_table(path: Path, *, encoding: str = "", single: str = "") -> Table:
    """Return the table in the file `path`. `encoding` is a codec that a person named.

    `single`: the name of the only column of a file that has no header, such as a plain list of addresses. Raises
    ListInvalid if the file cannot be read as a table at all.
    """
    try:
        with path.open("rb") as stream:
            found = find_encoding(stream, encoding)
            return _describe(path, stream, found, single)
    except OSError as error:
        raise ListInvalid(f"Cannot read the file {path}: {error.strerror}.") from error


def trimmed(cell: str) -> str:
    """Return `cell` without space around it, of any kind, and without invisible marks."""
    if cell.isascii():
        return cell.strip()
    return cell.replace("\ufeff", "").replace("\u200b", "").strip(_SPACE)


def _describe(path: Path, stream: BinaryIO, found: FoundEncoding, single: str) -> Table:
    delimiter = _find_delimiter(stream, found)
    for line, cells, fault in _Records(stream, found, delimiter):
        if fault:
            raise ListInvalid(f"The header (line {line}) cannot be read: {fault}.")
        if _SEP.match(delimiter.join(cells).strip()) or not any(map(str.strip, cells)):
            continue
        names = [trimmed(each) for each in cells]
        if any(map(_ADDRESS.search, names)):
            return Table(path, found, delimiter, _without_header(names, single), line)
        if len(names) > MOST_COLUMNS:
            raise ListInvalid(f"The file has more than {MOST_COLUMNS} columns.")
        return Table(path, found, delimiter, tuple(_names(names)), line + 1)
    raise ListInvalid("The file is empty.")


def _without_header(cells: Sequence[str], single: str) -> tuple[str, ...]:
    """Return the columns of a file whose first row is a row of a plain list already; raises ListInvalid."""
    if not single or len(list(filter(None, cells))) > 1:
        raise ListInvalid(
            "The first line must name the columns, but it already contains an email address."
        )
    return tuple(_names([single if cell else "" for cell in cells]))


def _names(names: Sequence[str]) -> Iterator[str]:
    """Yield unique names of columns."""
    used: Counter[str] = Counter()
    for number, name in enumerate(names, start=1):
        shown = " ".join(name.split()) or f"column {number}"
        used[shown.casefold()] += 1
        again = used[shown.casefold()]
        yield shown if again == 1 else f"{shown} ({again})"


def _find_delimiter(stream: BinaryIO, found: FoundEncoding) -> str:
    """Return the delimiter that `sep=` names, else the one that parts the first rows most evenly, else a comma."""
    text = _open_text(stream, found)
    announced = _SEP.match(text.readline(LONGEST_ROW).strip(" \r\n\t"))
    text.detach()
    if announced and announced[1] in DELIMITERS:
        return announced[1]
    return max(DELIMITERS, key=lambda each: _evenness(stream, found, each))


def _evenness(stream: BinaryIO, found: FoundEncoding, delimiter: str) -> tuple[float, int]:
    """Return the share of the first rows that have as many cells as the header, and how many."""
    widths = []
    for _, cells, fault in _Records(stream, found, delimiter):
        if fault or any(map(str.strip, cells)):
            widths.append(0 if fault else len(cells))
        if len(widths) == _SAMPLE_ROWS:
            break
    if not widths or widths[0] < 2:
        return 0, 1
    return round(widths.count(widths[0]) / len(widths), 1), widths[0]


def _open_text(stream: BinaryIO, found: FoundEncoding) -> io.TextIOWrapper:
    stream.seek(found.mark)
    # Bytes that are not UTF-8 become surrogates, so that only their own row is refused.
    errors = "surrogateescape" if found.codec == "utf-8" else "replace"
    return io.TextIOWrapper(stream, found.codec, errors, newline=None)


class _TooLong(Exception):
    """A row has too many lines or characters. Only a signal within this module."""


@dataclass
class _Records:
    """Iterates over (line, cells, fault) of each record; a record that cannot be read takes one line with it."""

    stream: BinaryIO
    encoding: FoundEncoding
    delimiter: str
    _line: int = 0
    _held: list[str] = field(default_factory=list)
    _again: deque[str] = field(default_factory=deque)

    def __iter__(self) -> Iterator[tuple[int, list[str], str]]:
        text = _open_text(self.stream, self.encoding)
        try:
            while True:
                start, self._held = self._line + 1, []
                try:
                    cells = next(self._reader(text))
                except StopIteration:
                    return
                except (csv.Error, _TooLong) as error:
                    yield start, [], self._give_back(error)
                    continue
                fault = _unreadable(cells)
                yield start, cells, fault
        finally:
            text.detach()

    def _reader(self, text: io.TextIOWrapper) -> Iterator[list[str]]:
        return csv.reader(self._lines(text), delimiter=self.delimiter, strict=True)

    def _lines(self, text: io.TextIOWrapper) -> Iterator[str]:
        while line := self._next(text):
            self._line += 1
            self._held.append(line)
            if len(self._held) > MOST_LINES or sum(map(len, self._held)) > LONGEST_ROW:
                raise _TooLong
            yield line

    def _next(self, text: io.TextIOWrapper) -> str:
        if self._again:
            return self._again.popleft()
        line = text.readline(LONGEST_ROW + 1)
        if len(line) > LONGEST_ROW and not line.endswith("\n"):
            # The rest of an endless line is passed over without being held.
            while rest := text.readline(LONGEST_ROW):
                if rest.endswith("\n"):
                    break
        return "" if line.strip("\x1a\r\n") == "" and "\x1a" in line else line

    def _give_back(self, error: Exception) -> str:
        """Return why the first line is refused, and read the lines after it again."""
        self._again.extendleft(reversed(self._held[1:]))
        self._line -= len(self._held) - 1
        if len(self._held[0]) > LONGEST_ROW:
            return f"longer than {LONGEST_ROW:,} characters"
        if isinstance(error, _TooLong) or "end of data" in str(error):
            return "a quotation mark is not closed"
        return "a quotation mark is in the wrong place"


def _unreadable(cells: Sequence[str]) -> str:
    for cell in cells:
        if not cell.isascii() and any("\udc80" <= each <= "\udcff" for each in cell):
            return "not in the encoding of the other lines (UTF-8); save the whole file as UTF-8"
        if "\0" in cell:
            return "contains a NUL character"
    return ""
