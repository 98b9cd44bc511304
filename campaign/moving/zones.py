"""Time zones as people and other systems name them, as IANA names.

IANA names in any case, Windows' names (Unicode CLDR), the names that Ruby on Rails shows, `US Eastern`, abbreviations
of North America and Europe, and offsets from Greenwich.
"""

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from zoneinfo import available_timezones

from babel.core import get_global

_ABBREVIATIONS = {
    "America/New_York": ("est", "edt", "et", "est5edt", "eastern"),
    "America/Chicago": ("cst", "cdt", "ct", "cst6cdt", "central"),
    "America/Denver": ("mst", "mdt", "mt", "mst7mdt", "mountain"),
    "America/Los_Angeles": ("pst", "pdt", "pt", "pst8pdt", "pacific"),
    "America/Anchorage": ("akst", "akdt", "alaska"),
    "Pacific/Honolulu": ("hst", "hawaii"),
    "America/Phoenix": ("arizona",),
    "America/Indiana/Indianapolis": ("indiana", "indiana east"),
    "America/Halifax": ("atlantic", "atlantic time (canada)"),
    "America/St_Johns": ("newfoundland",),
    "Europe/London": ("bst",),
    "Europe/Berlin": ("cet", "cest", "met"),
    "Europe/Athens": ("eet", "eest"),
    "UTC": ("utc", "gmt", "z", "zulu", "greenwich mean time"),
}
"""An abbreviation in a column of people's zones means the place, summer and winter."""

_OFFSETS = {
    "utc": 0, "gmt": 0, "z": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6,
    "pst": -8, "pdt": -7, "akst": -9, "akdt": -8, "hst": -10, "cet": 1, "cest": 2,
}  # fmt: skip
_OF_AMERICA = {
    -5: "America/New_York",
    -6: "America/Chicago",
    -7: "America/Denver",
    -8: "America/Los_Angeles",
    -9: "America/Anchorage",
}
_AFTER_GREENWICH = re.compile(r"^\((?:gmt|utc)[^)]*\)\s*", re.IGNORECASE)
_TAIL = re.compile(
    r"\s*(?:\((?:us|usa|us & canada|us and canada)\)|\btime\b|\btime zone\b)\s*\Z", re.IGNORECASE
)
_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+-]?)(\d{1,2})(?::?(\d{2}))?\Z", re.IGNORECASE)


@lru_cache(maxsize=1024)
def read_zone(cell: str) -> str:
    """Return the IANA name of a time zone; '' if the cell is empty. Raises ValueError."""
    text = " ".join(cell.replace("&amp;", "&").split())
    if not text:
        return ""
    bare = _AFTER_GREENWICH.sub("", text)
    for each in (bare, _without_tail(bare), _AFTER_GREENWICH.sub("", bare.replace(" ", "_"))):
        found = _zones_by_name().get(each.casefold())
        if found:
            return found
    return _fixed(bare) or _refuse(text)


def _without_tail(text: str) -> str:
    """Return `eastern` for `Eastern Time (US & Canada)` and for `US Eastern`."""
    for _ in range(2):
        text = _TAIL.sub("", text)
    return re.sub(r"^(?:us|usa|us/canada)[ /]", "", text, flags=re.IGNORECASE)


def _refuse(text: str) -> str:
    raise ValueError(f"{text!r} is not a time zone; use an IANA name such as America/Los_Angeles")


@cache
def _zones_by_name() -> dict[str, str]:
    known = {name for name in available_timezones() if not name.startswith(("right/", "posix/"))}
    places = {name.casefold(): name for name in known if "/" in name or name == "UTC"}
    windows = {name.casefold(): zone for name, zone in get_global("windows_zone_mapping").items()}
    short = {each: zone for zone, names in _ABBREVIATIONS.items() for each in names}
    return {**_cities(known), **windows, **short, **places}


def _cities(known: Iterable[str]) -> dict[str, str]:
    """Return zones by the name of their city alone, if only one has it."""
    found: dict[str, list[str]] = {}
    for name in known:
        area, _, city = name.partition("/")
        if area not in ("Etc", "US", "SystemV"):
            found.setdefault(city.replace("_", " ").casefold(), []).append(name)
    return {city: names[0] for city, names in found.items() if city and len(names) == 1}


def _fixed(text: str) -> str:
    found = _OFFSET.fullmatch(text)
    if found is None or (found[3] or "00") != "00":
        return ""
    hours = int(found[2]) * (-1 if found[1] == "-" else 1)
    # The names of Etc have the sign of POSIX: west is positive.
    return "UTC" if hours == 0 else f"Etc/GMT{-hours:+d}" if -12 <= hours <= 14 else ""


def zone_of_offsets(winter: str, summer: str, country: str) -> str:
    """Return the zone of a person with these hours from Greenwich: `-8`, `-7`, `US` is America/Los_Angeles.

    Elsewhere the winter offset alone, because several places share it; '' if there is none or it is not whole hours.
    """
    try:
        hours = float(winter)
    except ValueError:
        return ""
    if not hours.is_integer():
        return ""
    if country.strip().upper() == "US":
        if hours == -7 and summer.strip() in ("-7", "-7.0"):
            return "America/Phoenix"
        if int(hours) in _OF_AMERICA:
            return _OF_AMERICA[int(hours)]
    return _fixed(f"{int(hours):+d}")


def offset_hours(abbreviation: str) -> int | None:
    """Return the hours from Greenwich of an abbreviation after a time (`EST` is -5, `EDT` -4), or None."""
    return _OFFSETS.get(abbreviation.casefold())
