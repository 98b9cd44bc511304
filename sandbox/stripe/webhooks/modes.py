"""How events are delivered: as they come, or with what a bad network adds, by event type pattern.

A mode is `{"match": "invoice.*", "mode": "duplicate", "times": 3, "seconds": 0, "events": 2}`: `times` is
how many copies duplicate sends, `seconds` how long delay waits (sandbox time), `events` how many events it
is for (none: all). `reverse` and `reorder` collect events until none has come for a moment, then send
them last first, or shuffled, one after the other.
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
    """Newer modes come before older ones; gives all of them."""
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
    """Records the deliveries of a new event, as the first mode that matches it says."""
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
