"""Parse form-encoded parameters with brackets into trees. Arrays become hashes with digits as keys.

https://docs.stripe.com/api: `a[b][0][c]=1`, `expand[]=x`.
"""

import re
from collections.abc import Iterable

from sandbox.stripe.errors import Refused
from sandbox.stripe.state import Json

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


def tree(pairs: Iterable[tuple[str, str]]) -> Json:
    """Return nested parameters. Raises Refused if a name is malformed or used in two ways."""
    root: Json = {}
    for name, value in pairs:
        found = _NAME.fullmatch(name)
        if not found:
            raise Refused(f"Invalid parameter name: {name}", param=name)
        path = [found[1], *re.findall(r"\[([^\[\]]*)\]", found[2])]
        _put(root, path, value, name)
    return root


def _put(root: Json, path: list[str], value: str, name: str) -> None:
    place = root
    for part in path[:-1]:
        place = place.setdefault(part or str(len(place)), {})
        if not isinstance(place, dict):
            raise Refused(f"Invalid parameter: {name} is both a value and a hash", param=name)
    last = path[-1] or str(len(place))
    if last in place:
        raise Refused(f"Invalid parameter: {name} was given twice", param=name)
    place[last] = value
