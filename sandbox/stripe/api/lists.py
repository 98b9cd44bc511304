"""Filtered lists, newest first, one page at a time. https://docs.stripe.com/api/pagination"""

import operator
from collections.abc import Callable, Mapping

from sandbox.stripe.api.parameters import Checker, integer, moments, text
from sandbox.stripe.errors import Refused, missing
from sandbox.stripe.objects import listing
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account

PAGE: Mapping[str, Checker] = {
    "limit": integer(1, 100),
    "starting_after": text(),
    "ending_before": text(),
}
DATED_PAGE: Mapping[str, Checker] = {**PAGE, "created": moments}
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def within(moment: int, bounds: Json) -> bool:
    return all(_COMPARE[name](moment, bound) for name, bound in bounds.items())


def page(objects: list[Json], params: Json, url: str) -> Json:
    """Return the page of `objects` (newest first) that `params` select."""
    limit = params.get("limit", 10)
    if "starting_after" in params and "ending_before" in params:
        message = "You cannot parameterize both starting_after and ending_before."
        raise Refused(message, param="ending_before")
    if "created" in params:
        objects = [obj for obj in objects if within(obj["created"], params["created"])]
    if "starting_after" in params:
        objects = objects[_place(objects, params, "starting_after") + 1 :]
    elif "ending_before" in params:
        before = objects[: _place(objects, params, "ending_before")]
        return listing(before[-limit:], url, has_more=len(before) > limit)
    return listing(objects[:limit], url, has_more=len(objects) > limit)


def _place(objects: list[Json], params: Json, name: str) -> int:
    for place, obj in enumerate(objects):
        if obj["id"] == params[name]:
            return place
    raise missing("object", params[name], name)


def matching(account: Account, kind: str, params: Json, names: Mapping[str, Checker]) -> list[Json]:
    """Return the objects whose members equal the filters in `params`."""
    plain = {name: params[name] for name in names if name in params}
    return [
        obj
        for obj in account.every(kind)
        if all(obj.get(name) == value for name, value in plain.items())
    ]
