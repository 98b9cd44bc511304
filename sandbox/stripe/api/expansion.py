"""`expand[]`: replace ids with their objects, and include lists that are returned only on request.

https://docs.stripe.com/expand
"""

from collections.abc import Callable

from sandbox.stripe.api.expandable import TARGETS, require_expandable
from sandbox.stripe.objects import listing
from sandbox.stripe.state import Json, copied
from sandbox.stripe.state.account import Account
from sandbox.stripe.webhooks import records


def _line_items(account: Account, session: Json) -> Json:
    items = account.notes(session["id"]).get("line_items", [])
    address = f"/v1/checkout/sessions/{session['id']}/line_items"
    return listing(copied(items), address)


def _payments(account: Account, invoice: Json) -> Json:
    address = f"/v1/invoice_payments?invoice={invoice['id']}"
    return _related(account, "invoice_payment", "invoice", invoice, address)


def _refunds(account: Account, charge: Json) -> Json:
    address = f"/v1/charges/{charge['id']}/refunds"
    return _related(account, "refund", "charge", charge, address)


def _related(account: Account, kind: str, member: str, to: Json, address: str) -> Json:
    found = [serialize(account, obj) for obj in account.every(kind) if obj[member] == to["id"]]
    return listing(found, address)


_ON_REQUEST: dict[tuple[str, str], Callable[[Account, Json], Json]] = {
    ("checkout.session", "line_items"): _line_items,
    ("invoice", "payments"): _payments,
    ("charge", "refunds"): _refunds,
}


def serialize(account: Account, obj: Json) -> Json:
    """Return a copy as the API returns it, with the members that depend on the clock and on deliveries."""
    given = copied(obj)
    if given.get("object") == "balance_transaction":
        late = given["available_on"] > account.now()
        given["status"] = "pending" if late else "available"
    if given.get("object") == "event":
        given["pending_webhooks"] = records.count_unacknowledged(account, given["id"])
    return given


def expand(account: Account, answer: Json, paths: list[str]) -> Json:
    """Expand the response in place and return it. Raises Refused for paths that Stripe cannot expand."""
    kind = answer["object"]
    if kind == "list":
        kind = f"[{answer['data'][0]['object']}]" if answer["data"] else ""
    for path in paths:
        require_expandable(kind, path)
        _walk(account, answer, "", path.split("."))
    return answer


def _walk(account: Account, place: object, name: str, steps: list[str]) -> None:
    if isinstance(place, list):
        for member in place:
            _walk(account, member, name, steps)
    if not isinstance(place, dict) or not steps:
        return
    step, kind = steps[0], place.get("object", name)
    on_request = _ON_REQUEST.get((kind, step))
    if on_request and step not in place:
        place[step] = on_request(account, place)
    found = place.get(step)
    if isinstance(found, str) and step in TARGETS.get(kind, {}):
        known = account.find(found)
        found = place[step] = serialize(account, known) if known else found
    _walk(account, found, step, steps[1:])
