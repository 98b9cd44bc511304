"""Injected faults: Stripe is slow, rejects requests, fails or is unreachable.

A fault is `{"match": "POST /v1/checkout/sessions", "mode": …, "times": 1, "seconds": 2}`. `match` is a
file name pattern for "METHOD path". Modes: `drop_before` closes the connection before execution,
`drop_after` after it; `500` fails during execution, so that it is saved with the idempotency key;
`429` and `409` reject the request before execution; `slow` waits first.

https://docs.stripe.com/error-low-level
"""

import contextlib
import socket
import time
from fnmatch import fnmatchcase
from typing import Any

from sandbox.stripe.api.idempotency import in_use
from sandbox.stripe.errors import Refused
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account, require

MODES = ("500", "429", "409", "drop_before", "drop_after", "slow")


def add(account: Account, match: str, mode: str, times: int = 1, seconds: float = 2) -> list[Json]:
    """Add a fault and return all active ones. `times` 0 means forever."""
    require(mode in MODES, Refused(f"A fault's mode is one of {', '.join(MODES)}.", param="mode"))
    fault = {"match": match, "mode": mode, "seconds": seconds}
    fault["times"] = times or None
    found = [*waiting(account), fault]
    account.set_setting("faults", found)
    return found


def waiting(account: Account) -> list[Json]:
    return account.setting("faults", [])


def clear(account: Account) -> None:
    account.set_setting("faults", [])


def take(account: Account, method: str, path: str) -> Json | None:
    """Return the first active fault that matches this request, and count it down."""
    with account.transaction():
        found = waiting(account)
        for place, fault in enumerate(found):
            if fnmatchcase(f"{method} {path}", fault["match"]):
                left = fault["times"] and fault["times"] - 1
                rest = [] if left == 0 else [{**fault, "times": left}]
                account.set_setting("faults", [*found[:place], *rest, *found[place + 1 :]])
                return fault
    return None


def _has_mode(fault: Json | None, mode: str) -> bool:
    return fault is not None and fault["mode"] == mode


def before(fault: Json | None, environ: dict[str, Any]) -> None:
    if _has_mode(fault, "drop_before"):
        drop(environ)


def after(fault: Json | None, environ: dict[str, Any]) -> None:
    if _has_mode(fault, "drop_after"):
        drop(environ)


def refuse(fault: Json | None) -> None:
    if _has_mode(fault, "429"):
        raise Refused(
            "Request rate limit exceeded. You can learn more about rate limits here"
            " https://docs.stripe.com/rate-limits.",
            code="rate_limit",
            status=429,
        )
    if _has_mode(fault, "409"):
        raise in_use("another request")


def slow_down(fault: Json | None) -> None:
    if _has_mode(fault, "slow"):
        time.sleep(fault["seconds"])


def fail(fault: Json | None) -> None:
    if _has_mode(fault, "500"):
        raise broken()


def broken() -> Refused:
    return Refused("An unknown error occurred", status=500, kind="api_error")


class Dropped(ConnectionError):
    """The connection is closed, so there is no response."""


def drop(environ: dict[str, Any]) -> None:
    """Close the client's connection without a response."""
    connection: socket.socket = environ["werkzeug.socket"]
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    raise Dropped
