"""Who got what when, as a table by time zone, and what must never have happened."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from campaign.campaigns.quiet_hours import quiet_end
from campaign.core import clock
from tests.countdown import world as scene
from tests.countdown.simulation import Arrived, Simulation
from tests.countdown.world import ZONES

CAP, WEEK = 3, timedelta(days=7)
AFTER_THE_END = ("thank_you", "wrap_up")
_GIVERS = ("thank_you",)


def faults(played: Simulation) -> list[str]:
    """List every email that breaks a promise; [] if none does."""
    found: list[str] = []
    for email, mails in by_reader(played.arrived).items():
        broken = (
            *_repeated(mails),
            *_too_many(mails),
            *_at_night(mails, played.world.zones[email]),
            *_unwanted(mails, played.world.gave.get(email), played.world.left.get(email)),
            *_too_late(mails),
        )
        found += [f"{email}: {one}" for one in broken]
    return found


def by_reader(arrived: Sequence[Arrived]) -> dict[str, list[Arrived]]:
    found: dict[str, list[Arrived]] = defaultdict(list)
    for one in sorted(arrived, key=lambda mail: mail.at):
        found[one.email].append(one)
    return found


def _repeated(mails: Sequence[Arrived]) -> Iterator[str]:
    counted = Counter(one.what for one in mails)
    yield from (f"{what} {count} times" for what, count in counted.items() if count > 1)
    if {"thank_you", "wrap_up"} <= set(counted):
        yield "thanks and result"


def _too_many(mails: Sequence[Arrived]) -> Iterator[str]:
    """An appeal needs room among the appeals and the news of the seven days before; the news itself does not."""
    asking = [one for one in mails if one.what not in AFTER_THE_END]
    for place, one in enumerate(asking):
        before = [other for other in asking[:place] if other.at > one.at - WEEK]
        if one.what != "extension" and len(before) >= CAP:
            yield f"{one.what} is appeal {len(before) + 1} in seven days"


def _at_night(mails: Sequence[Arrived], zone: str | None) -> Iterator[str]:
    there = clock.zone(zone) if zone else scene.LOS_ANGELES
    yield from (f"{one.what} at night" for one in mails if quiet_end(one.at, there))


def _unwanted(
    mails: Sequence[Arrived], gave: datetime | None, left: datetime | None
) -> Iterator[str]:
    for one in mails:
        if left and one.at >= left:
            yield f"{one.what} after unsubscribing"
        if gave and one.at >= gave and one.what not in _GIVERS:
            yield f"{one.what} after giving"


def _too_late(mails: Sequence[Arrived]) -> Iterator[str]:
    for one in mails:
        if (one.at >= scene.ENDS) is not (one.what in AFTER_THE_END):
            yield f"{one.what} on the wrong side of the deadline"
        moved = one.what not in AFTER_THE_END and one.at >= scene.EXTENDED_AT
        if moved and "December 31" not in one.text and "31 de diciembre" not in one.text:
            yield f"{one.what} names the old end"


def lines(played: Simulation) -> list[str]:
    """Return the table: a line for each email in the order of time, a column for each zone."""
    order = list(dict.fromkeys(one.what for one in sorted(played.arrived, key=lambda m: m.at)))
    heads = [(name or "(none)").rpartition("/")[2].replace("_", " ") for name in ZONES]
    table = [["email", *heads, "all"]]
    for what in order:
        mails = [one for one in played.arrived if one.what == what]
        cells = [_cell(played, mails, zone) for zone in ZONES]
        table.append([what, *cells, str(len(mails))])
    widths = [max(len(row[place]) for row in table) for place in range(len(table[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]


def _cell(played: Simulation, mails: Sequence[Arrived], zone: str | None) -> str:
    """Return how many arrived in the zone, and from when to when on its clocks."""
    there = clock.zone(zone) if zone else scene.LOS_ANGELES
    times = sorted(
        one.at.astimezone(there) for one in mails if played.world.zones.get(one.email) == zone
    )
    if not times:
        return "-"
    first, last = times[0], times[-1]
    span = f"{first:%d %H:%M}"
    if first != last:
        span += f"–{last:%H:%M}" if first.date() == last.date() else f"–{last:%d %H:%M}"
    return f"{len(times)}: {span}"


def texts(played: Simulation) -> list[str]:
    """Return the English subjects of each email in the order of time, with how often each arrived."""
    found: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for one in played.arrived:
        if int(one.email.removeprefix("reader").partition("@")[0]) % 7:
            found[one.what, one.subject].append(one.at)
    ordered = sorted(found.items(), key=lambda pair: min(pair[1]))
    return [
        f"{min(times).astimezone(scene.LOS_ANGELES):%d %H:%M}  {what:<11} {len(times):>5}  {subject}"
        for (what, subject), times in ordered
    ]


def loads(played: Simulation) -> list[str]:
    """Return how many readers got how many emails that ask."""
    counted = Counter(
        sum(one.what not in AFTER_THE_END for one in mails)
        for mails in by_reader(played.arrived).values()
    )
    return [
        f"{count} readers got {emails} emails that ask" for emails, count in sorted(counted.items())
    ]
