"""Which column of a file is which field of ours: by a system's preset, by common names, and as a person says.

A preset holds a system's documented column names. Columns that nobody asked for are ignored and named.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from campaign.core.errors import ListInvalid

_SEPARATORS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class ImportField:
    """A field of ours: its name, what it is in a few words, and whether every row needs a column for it.

    `also`: names of columns that mean it in any system.
    """

    name: str
    meaning: str
    required: bool = False
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preset:
    """How one system writes its files of one kind.

    `columns`: for each of our fields, the system's names of its column, in any version, the best first; '*' at the end
    of a name means any ending. `signature`: columns that only this system's files have, all together. `zone`: of times
    without one, '' for the organization's. `strict`: whether an unknown language or time zone refuses the row, because
    a person wrote it; else it is left out with a note.
    """

    name: str
    system: str
    kind: str
    columns: Mapping[str, Sequence[str]]
    signature: Sequence[str] = ()
    zone: str = ""
    strict: bool = False


@dataclass(frozen=True)
class ColumnMap:
    """The columns of one file: `columns` by our field's name, and `ignored` ones in the file's order."""

    columns: dict[str, str]
    ignored: tuple[str, ...] = ()

    def get(self, cells: Mapping[str, str], name: str) -> str:
        """Return the cell of our field `name`, or '' if the file has no column for it."""
        column = self.columns.get(name)
        return cells[column] if column is not None else ""

    def present(self, names: Sequence[str]) -> list[str]:
        """Return the columns of those fields that the file has."""
        return [self.columns[name] for name in names if name in self.columns]

    def __contains__(self, name: str) -> bool:
        return name in self.columns


def normalized(name: str) -> str:
    """Return a column's name for comparison: `FIRST_NAME`, `First Name` and `first-name ` are one."""
    return _SEPARATORS.sub(" ", name.casefold()).strip()


def find_preset(presets: Sequence[Preset], name: str, columns: Sequence[str]) -> Preset:
    """Return the preset `name`; without a name the one whose signature the file has, else the first of `presets`.

    Raises ListInvalid for a name that is none of them, and if the file could be of several systems.
    """
    if name:
        return _named(presets, name)
    present = frozenset(map(normalized, columns))
    fitting = [preset for preset in presets if _has_signature(preset, present)]
    # The signature of a system's newer file may contain that of another one: the longest says most.
    most = max((len(preset.signature) for preset in fitting), default=0)
    fitting = [preset for preset in fitting if len(preset.signature) == most]
    if len(fitting) > 1:
        names = ", ".join(preset.name for preset in fitting)
        raise ListInvalid(f"The file could be from several systems. Say which: --preset {names}.")
    return fitting[0] if fitting else presets[0]


def _named(presets: Sequence[Preset], name: str) -> Preset:
    found = [preset for preset in presets if preset.name == name]
    if not found:
        known = ", ".join(preset.name for preset in presets)
        raise ListInvalid(f"{name!r} is not a preset for this kind of file. Use {known}.")
    return found[0]


def _has_signature(preset: Preset, present: frozenset[str]) -> bool:
    return bool(preset.signature) and present.issuperset(map(normalized, preset.signature))


def map_columns(
    columns: Sequence[str],
    fields: Sequence[ImportField],
    preset: Preset,
    given: Sequence[str] = (),
) -> ColumnMap:
    """Return which column is which field. `given` are a person's `Their column=our field`, which win.

    `Their column=` leaves a column out. Raises ListInvalid for a field or column that does not exist, and if a required
    field has no column.
    """
    chosen, left_out = _read_all_given(given, columns, fields)
    taken = {*chosen.values(), *left_out}
    free = [column for column in columns if column not in taken]
    for one in fields:
        column = "" if one.name in chosen else next(_candidates(free, one, preset), "")
        if column:
            chosen[one.name] = column
            free.remove(column)
    _require(fields, chosen, columns, preset)
    used = frozenset(chosen.values())
    return ColumnMap(chosen, tuple(column for column in columns if column not in used))


def _read_all_given(
    given: Sequence[str], columns: Sequence[str], fields: Sequence[ImportField]
) -> tuple[dict[str, str], list[str]]:
    """Return the columns that a person named, by our field's name, and those to leave out."""
    chosen: dict[str, str] = {}
    left_out = []
    for each in given:
        theirs, equals, ours = each.rpartition("=")
        if not equals:
            raise ListInvalid(f'{each!r} is not a mapping. Write --map "Their column=our field".')
        column, name = _find_column(theirs.strip(), columns), _find_field(ours.strip(), fields)
        if not name:
            left_out.append(column)
        elif name in chosen:
            raise ListInvalid(f"Two columns are given for {name}: {chosen[name]!r} and {column!r}.")
        else:
            chosen[name] = column
    return chosen, left_out


def _find_field(written: str, fields: Sequence[ImportField]) -> str:
    """Return the name of the field, or '' for none."""
    name = normalized(written).replace(" ", "_")
    names = sorted(field.name for field in fields)
    if name and name not in names:
        raise ListInvalid(f"{written!r} is not one of our fields: {', '.join(names)}.")
    return name


def _find_column(written: str, columns: Sequence[str]) -> str:
    if written in columns:
        return written
    found = next((column for column in columns if normalized(column) == normalized(written)), "")
    if not found:
        near = difflib.get_close_matches(written, columns, 1)
        hint = f"Did you mean {near[0]!r}?" if near else f"It has: {', '.join(columns)}."
        raise ListInvalid(f"The file has no column {written!r}. {hint}")
    return found


def _candidates(free: Sequence[str], one: ImportField, preset: Preset) -> Iterator[str]:
    """Yield the free columns that can be this field, the best first."""
    of_preset = [*preset.columns.get(one.name, ())]
    for wanted in [*of_preset, one.name, *one.also]:
        start = normalized(wanted.removesuffix("*"))
        for column in free:
            name = normalized(column)
            if name == start or (wanted.endswith("*") and name.startswith(start)):
                yield column


def _require(
    fields: Sequence[ImportField],
    chosen: Mapping[str, str],
    columns: Sequence[str],
    preset: Preset,
) -> None:
    missing = [one for one in fields if one.required and one.name not in chosen]
    if not missing:
        return
    wanted = "; ".join(f"{one.name} ({one.meaning})" for one in missing)
    raise ListInvalid(
        f"Read as {preset.system}, the file has no column for {wanted}. Its columns: {', '.join(columns)}."
        f' Name the column with --map "Their column={missing[0].name}", or another --preset.'
    )
