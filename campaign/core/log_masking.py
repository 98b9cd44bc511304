"""Email addresses are masked in what is logged or kept about an error: other systems' words may repeat them.

Our own log calls name rows by their ids. Names and postal addresses have no pattern, so no call may log them.
"""

import re
from collections.abc import MutableMapping
from typing import Any

MASK = "(address)"

_ADDRESS = re.compile(
    r"[^\s@<>()\[\]{}\"',;:=/?&|]{1,64}(?:@|%40)[\w-]+(?:\.[\w-]+)+", re.IGNORECASE
)


def mask_addresses(text: str) -> str:
    """Return the text with `(address)` in place of each email address, also where it is escaped as in a URL."""
    return _ADDRESS.sub(MASK, text) if "@" in text or "%40" in text else text


def mask_event(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Mask the addresses in all values of a log event: a structlog processor."""
    for name, value in event.items():
        event[name] = _masked(value)
    return event


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask_addresses(value)
    if isinstance(value, dict):
        return {_masked(name): _masked(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(each) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return mask_addresses(repr(value))
