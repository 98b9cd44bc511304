"""What a check finds, in a sentence."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from campaign.runtime.context import Installation


class Level(StrEnum):
    """ok: nothing to do. note: right as it is, but worth knowing. fault: something has to be done."""

    ok = "ok"
    note = "note"
    fault = "fault"


@dataclass(frozen=True)
class Finding:
    """`text` says what was found and, unless it is ok, what to do."""

    level: Level
    text: str


Check = Callable[[Installation], Iterable[Finding]]
"""A check reads, changes nothing, and may raise GatewayUnavailable or GatewayRefused."""


def ok(text: str) -> Finding:
    return Finding(Level.ok, text)


def note(text: str) -> Finding:
    return Finding(Level.note, text)


def fault(text: str) -> Finding:
    return Finding(Level.fault, text)
