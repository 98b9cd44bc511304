"""What the sandbox remembers: objects, notes about them, keys, deliveries and the clock."""

import json
from typing import Any

Json = dict[str, Any]
"""An object as Stripe's API writes it."""


def copied(value: Any) -> Any:
    """A copy in depth of anything that is JSON; several times faster than `copy.deepcopy`."""
    return json.loads(json.dumps(value))
