"""/v1/events: the events of the last thirty days, and whether their webhooks were delivered.

https://docs.stripe.com/api/events/list
"""

from fnmatch import fnmatchcase

from sandbox.stripe.api import lists
from sandbox.stripe.api.endpoints import endpoint
from sandbox.stripe.api.parameters import array, boolean, text
from sandbox.stripe.errors import Refused
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account, require
from sandbox.stripe.webhooks import records

RETENTION_SECONDS = 30 * 86_400
MAX_TYPES = 20


def _check(account: Account, params: Json) -> None:  # noqa: ARG001 - as every check
    both = "type" in params and "types" in params
    message = "You may only specify one of these parameters: type, types."
    require(not both, Refused(message, param="types"))
    message = f"You may pass at most {MAX_TYPES} types."
    require(len(params.get("types", [])) <= MAX_TYPES, Refused(message, param="types"))


@endpoint(
    "GET",
    "events",
    {
        **lists.DATED_PAGE,
        "delivery_success": boolean,
        "type": text(),
        "types": array(text()),
    },
    check=_check,
)
def list_events(account: Account, params: Json) -> Json:
    """List events. `delivery_success=false` returns those that some endpoint has not acknowledged."""
    oldest = account.now() - RETENTION_SECONDS
    found = [event for event in account.every("event") if event["created"] >= oldest]
    patterns = [params["type"]] if "type" in params else params.get("types", ["*"])
    found = [event for event in found if any(fnmatchcase(event["type"], p) for p in patterns)]
    if "delivery_success" in params:
        wanted = params["delivery_success"]
        found = [
            event
            for event in found
            if (not records.count_unacknowledged(account, event["id"])) == wanted
        ]
    return lists.page(found, params, "/v1/events")
