"""What one attempt to give costs, from what is known without tracking anyone. Pure functions of counts.

Nothing here is about one person. Sessions that stay unpaid and cards that are declined say how much is being tested;
paid gifts say how much is honest. What a network may do grows with what it has paid, so a library's readers are never
asked, and the first wave of a large newsletter, two hundred people within seconds, is below every threshold.

Attempts that skipped our pages (`honest` is False) are weighed against all sessions, and those filled in as a browser
does only against sessions like them. So scripts that post bare fields never cost an honest donor anything.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Literal

DemandKind = Literal["none", "wait", "proof", "refuse"]


@dataclass(frozen=True)
class Demand:
    """What an attempt costs.

    none: it goes on to Stripe. wait: it goes on after `seconds`. proof: after `seconds`, or at once with a proof of
    work of `difficulty` (derivations at most). refuse: not now; try again in `seconds`.
    """

    kind: DemandKind
    seconds: int = 0
    difficulty: int = 0


class Level(IntEnum):
    """How much is being tested: nothing that shows, more than is usual, or an attack."""

    calm = 0
    raised = 1
    attack = 2


RECENT = timedelta(minutes=10)
"""Sessions and declines of this time tell the level."""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class LevelCounts:
    """Sessions opened in RECENT and not paid, those paid within the hour, and the cards declined in RECENT."""

    unpaid: int = 0
    paid: int = 0
    declined: int = 0


@dataclass(frozen=True)
class SourceCounts:
    """What one network, wider network or mailbox did: unpaid sessions, paid ones, declined cards, amounts asked for.

    Of a network, the unpaid of an hour and the rest of a day; of a mailbox, all of a day.
    """

    unpaid: int = 0
    paid: int = 0
    declined: int = 0
    amounts: int = 0


@dataclass(frozen=True)
class Counts:
    """All that `weigh` looks at. `alike`: sessions of the same honesty; `siege`: an open one covers this attempt."""

    alike: LevelCounts = LevelCounts()
    network: SourceCounts = SourceCounts()
    prefix: SourceCounts = SourceCounts()
    mailbox: SourceCounts = SourceCounts()
    siege: bool = False


UNPAID_RAISED = 500
UNPAID_ATTACK = 900
"""Unpaid sessions, beyond twice the paid ones, from which the level rises."""
DECLINED_RAISED = 12
DECLINED_ATTACK = 40
"""Declined cards, from which the level rises if there are also more of them than paid gifts."""

_NETWORK = {Level.calm: 300, Level.raised: 40, Level.attack: 0}
_PREFIX = {Level.calm: 600, Level.raised: 80, Level.attack: 0}
"""Unpaid sessions that a network without a paid gift may have at each level before its attempts cost something."""
_NETWORK_HARD = {Level.calm: 500, Level.raised: 120, Level.attack: 30}
"""… before they are refused."""
_FOR_EACH_PAID = 3
"""How many more unpaid sessions each paid gift of a network stands for."""
_MAILBOX, _MAILBOX_HARD = 6, 25
"""Unpaid sessions of one mailbox in a day: a donor who changes their mind, and one who cannot be a donor."""
_CARDS_OF_A_MAILBOX = 5
_CARDS_OF_A_NETWORK = 10
"""Different declined cards after which a mailbox, or a network with fewer paid gifts, is bad."""
_AMOUNTS = 4
"""Different amounts that one mailbox asks for, unpaid, before it looks like a search for one that passes."""

_SECONDS = {Level.calm: 8, Level.raised: 12, Level.attack: 20}
_DIFFICULTY = {Level.calm: 150, Level.raised: 200, Level.attack: 250}
"""A wait that a page without a script follows, and derivations at most."""
_HARDEST = 500
"""About as many as a slow phone derives in two seconds."""
_BAD_SECONDS, _BAD_DIFFICULTY = 180, 5_000
_LONGEST = 300
_REFUSED_SECONDS = 900


def level_of(counts: LevelCounts) -> Level:
    """Return how much is being tested."""
    beyond = counts.unpaid - 2 * counts.paid
    declined = counts.declined if counts.declined > counts.paid else 0
    if beyond >= UNPAID_ATTACK or declined >= DECLINED_ATTACK:
        return Level.attack
    if beyond >= UNPAID_RAISED or declined >= DECLINED_RAISED:
        return Level.raised
    return Level.calm


def weigh(counts: Counts, *, trapped: bool) -> Demand:
    """Return what the attempt costs. `trapped`: it filled in the field that people neither see nor hear."""
    level = Level.attack if counts.siege else level_of(counts.alike)
    if _is_refused(counts, level):
        return Demand("refuse", _REFUSED_SECONDS)
    if trapped or is_bad_mailbox(counts.mailbox) or is_bad_network(counts.network):
        return Demand("proof", _BAD_SECONDS, _BAD_DIFFICULTY)
    if _exceeds(counts, level):
        return _costs(counts.alike, level)
    return Demand("none")


def is_bad_mailbox(mailbox: SourceCounts) -> bool:
    """Return whether so many cards were declined for one mailbox that nobody is looking for the right one."""
    return mailbox.declined >= _CARDS_OF_A_MAILBOX and mailbox.declined > mailbox.paid


def is_bad_network(network: SourceCounts) -> bool:
    """Return whether a network tests cards: a library's paid gifts outweigh one thief's declined cards."""
    return network.declined >= _CARDS_OF_A_NETWORK and network.declined > 2 * network.paid


def _is_refused(counts: Counts, level: Level) -> bool:
    network, mailbox = counts.network, counts.mailbox
    if mailbox.unpaid >= _MAILBOX_HARD and mailbox.paid == 0:
        return True
    if is_bad_network(network) and network.unpaid >= _CARDS_OF_A_NETWORK:
        return True
    return network.unpaid >= _NETWORK_HARD[level] + _FOR_EACH_PAID * network.paid


def _exceeds(counts: Counts, level: Level) -> bool:
    network, prefix, mailbox = counts.network, counts.prefix, counts.mailbox
    return (
        network.unpaid >= _NETWORK[level] + _FOR_EACH_PAID * network.paid
        or prefix.unpaid >= _PREFIX[level] + _FOR_EACH_PAID * prefix.paid
        or mailbox.unpaid >= _MAILBOX
        or (mailbox.amounts >= _AMOUNTS and mailbox.paid == 0)
    )


def _costs(alike: LevelCounts, level: Level) -> Demand:
    """Return a price that rises with the attack: up to five minutes of waiting, or a slow phone's two seconds."""
    rise = max(1.0, (alike.unpaid - 2 * alike.paid) / UNPAID_ATTACK, alike.declined / 100)
    seconds = min(_LONGEST, int(_SECONDS[level] * rise))
    return Demand("proof", seconds, min(_HARDEST, int(_DIFFICULTY[level] * rise)))
