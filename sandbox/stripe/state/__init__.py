"""The state of the sandbox: objects, notes about them, idempotency keys, deliveries and the clock."""

import json
from typing import Any

Json = dict[str, Any]
"""An object in the format of Stripe's API."""


def copied(value: Any) -> Any:
    """Return a deep copy of JSON data; several times faster than `copy.deepcopy`."""
    return json.loads(json.dumps(value))
