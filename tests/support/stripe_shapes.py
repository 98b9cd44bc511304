"""What Stripe sends, as its documentation describes it: see tests/campaign/gateway/shapes/README.md."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.stripe import Facts, Json

FOLDER = Path(__file__).parents[1] / "campaign" / "gateway" / "shapes"
MOMENT = 1_797_926_400
"""When the documented gift was made."""
_YEAR = 366 * 86_400


@dataclass(frozen=True)
class Shape:
    """One file. `status` and `headers` are those of an error."""

    name: str
    source: list[str]
    api_version: str
    object: Json
    status: int
    headers: dict[str, str]


@functools.cache
def shape(name: str) -> Shape:
    found = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return Shape(
        name,
        found["source"],
        found["api_version"],
        found["object"],
        found.get("status", 200),
        found.get("headers", {}),
    )


def shapes() -> list[Shape]:
    return [shape(path.stem) for path in sorted(FOLDER.glob("*.json"))]


def documented(name: str, facts: Facts) -> Json:
    """Return the object as it would be for this gift: with its id, and times from its creation on."""
    found = _adapted(shape(name).object, facts.donation.public_id, facts.created - MOMENT)
    assert isinstance(found, dict)
    return found


def _adapted(value: Any, donation_id: str, later: int) -> Any:
    if isinstance(value, dict):
        return {name: _adapted(one, donation_id, later) for name, one in value.items()}
    if isinstance(value, list):
        return [_adapted(one, donation_id, later) for one in value]
    if isinstance(value, int) and MOMENT <= value <= MOMENT + _YEAR:
        return value + later
    return donation_id if value == "don_recorded" else value
