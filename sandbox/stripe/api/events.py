"""/v1/events: what happened in the last thirty days, and whether the webhooks arrived."""

from fnmatch import fnmatchcase

from sandbox.stripe.api import lists
from sandbox.stripe.api.endpoints import endpoint
from sandbox.stripe.api.parameters import array, boolean, text
from sandbox.stripe.errors import Refused
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account, require
from sandbox.stripe.webhooks import records

KEPT = 30 * 86_400
MOST_TYPES = 20


def _check(account: Account, asked: Json) -> None:  # noqa: ARG001 - as every check
    both = "type" in asked and "types" in asked
    words = "You may only specify one of these parameters: type, types."
    require(not both, Refused(words, param="types"))
    words = f"You may pass at most {MOST_TYPES} types."
    require(len(asked.get("types", [])) <= MOST_TYPES, Refused(words, param="types"))


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
def list_events(account: Account, asked: Json) -> Json:
    """`delivery_success=false` are those that some endpoint has not acknowledged, yet or ever."""
    oldest = account.now() - KEPT
    found = [event for event in account.every("event") if event["created"] >= oldest]
    patterns = [asked["type"]] if "type" in asked else asked.get("types", ["*"])
    found = [event for event in found if any(fnmatchcase(event["type"], p) for p in patterns)]
    if "delivery_success" in asked:
        wanted = asked["delivery_success"]
        found = [
            event for event in found if (not records.unacknowledged(account, event["id"])) == wanted
        ]
    return lists.page(found, asked, "/v1/events")
