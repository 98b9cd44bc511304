"""Delivery modes by event type pattern: deliver normally, or simulate a bad network.

A mode is `{"match": "invoice.*", "mode": "duplicate", "times": 3, "seconds": 0, "events": 2}`: `times` is
the number of copies for duplicate, `seconds` the delay in sandbox time, and `events` the number of events
that the mode applies to (None: all). `reverse` and `reorder` collect events until there is a short pause,
then send them one after the other, last first or shuffled.
"""

from fnmatch import fnmatchcase

from sandbox.stripe.errors import Refused
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account, require
from sandbox.stripe.webhooks import records

MODES = ("duplicate", "delay", "reverse", "reorder", "lose", "hold")
_STATES = {"lose": "lost", "hold": "held", "reverse": "batched", "reorder": "batched"}


def add(
    account: Account,
    mode: str,
    match: str = "*",
    *,
    times: int = 2,
    seconds: float = 5,
    events: int | None = None,
) -> list[Json]:
    """Add a mode before the older ones, and return all of them."""
    require(mode in MODES, Refused(f"A mode is one of {', '.join(MODES)}.", param="mode"))
    made = {"match": match, "mode": mode, "times": times, "seconds": seconds, "events": events}
    found = [made, *current(account)]
    account.set_setting("delivery_modes", found)
    return found


def current(account: Account) -> list[Json]:
    return account.setting("delivery_modes", [])


def clear(account: Account) -> None:
    account.set_setting("delivery_modes", [])


def enter(account: Account, event: Json) -> None:
    """Record the deliveries of a new event according to the first matching mode."""
    mode = _take(account, event["type"])
    name = mode["mode"] if mode else ""
    times = mode["times"] if name == "duplicate" else 1
    delay = mode["seconds"] if name == "delay" else 0
    records.record(account, event, _STATES.get(name, "pending"), times=times, delay=delay)
    if name in ("reverse", "reorder"):
        account.note(event["id"], batch=name)


def _take(account: Account, event_type: str) -> Json | None:
    found = current(account)
    for place, mode in enumerate(found):
        if not fnmatchcase(event_type, mode["match"]):
            continue
        if mode["events"] is not None:
            left = mode["events"] - 1
            rest = [{**mode, "events": left}] if left > 0 else []
            account.set_setting("delivery_modes", [*found[:place], *rest, *found[place + 1 :]])
        return mode
    return None
