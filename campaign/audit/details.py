"""The details of an audit entry as people read them: amounts as money, never as minor units."""

from collections.abc import Mapping
from typing import Any

from campaign.core import money

MONEY = frozenset(
    {"amount", "fee_cover", "goal", "pool", "raised", "smallest", "stretch_goal", "suggested"}
    | {"total"}
)
"""The names of details that are minor units, or lists of them."""


def readable_details(
    before: Mapping[str, Any], after: Mapping[str, Any], currency: str | None
) -> tuple[dict[str, str], dict[str, str]]:
    """Return both sides with every value as text; '' for no value.

    Amounts are in the currency that the entry itself names; if it names none, in `currency`, its campaign's.
    """
    named = after.get("currency") or before.get("currency") or currency
    return _side(before, named), _side(after, named)


def _side(values: Mapping[str, Any], currency: str | None) -> dict[str, str]:
    return {name: _text(name, value, currency) for name, value in values.items()}


def _text(name: str, value: Any, currency: str | None) -> str:
    if isinstance(value, list):
        return ", ".join(_text(name, one, currency) for one in value)
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_text(key, one, currency)}" for key, one in value.items())
    if isinstance(value, int) and name in MONEY:
        return money.with_code(value, currency) if currency else f"{value} (minor units)"
    plain = {None: "", True: "yes", False: "no"}
    return plain[value] if value is None or isinstance(value, bool) else str(value)
