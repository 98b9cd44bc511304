"""The sandbox's index page: recent activity, and buttons for the most useful controls."""

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, redirect, render_template, request

from sandbox.stripe.api.amounts import format_amount
from sandbox.stripe.errors import Refused
from sandbox.stripe.state import Json
from sandbox.stripe.webhooks import records

if TYPE_CHECKING:
    from sandbox.stripe.server import StripeSandbox

LATEST = 12
_EVENTS = 40


def blueprint(sandbox: "StripeSandbox") -> Blueprint:
    pages = Blueprint("index", __name__)
    account = sandbox.account

    @pages.get("/")
    def index() -> str:
        with account.transaction():
            return render_template(
                "index.html",
                now=_when(account.now()),
                moved=account.setting("clock_offset", 0) > 1,
                sessions=[_session(sandbox, o) for o in account.every("checkout.session")[:LATEST]],
                subscriptions=[_subscription(o) for o in account.every("subscription")[:LATEST]],
                events=[_event(sandbox, o) for o in account.every("event")[:_EVENTS]],
                endpoints=account.every("webhook_endpoint"),
            )

    @pages.post("/")
    def act() -> Any:
        with contextlib.suppress(Refused, ValueError):
            _act(sandbox, request.form.get("action", ""), request.form.get("name", ""))
        return redirect("/", 303)

    return pages


def _act(sandbox: "StripeSandbox", action: str, name: str) -> None:
    if action == "advance":
        sandbox.advance(days=min(float(name), 400))
    elif action == "settle":
        sandbox.settle(name)
    elif action == "fail":
        sandbox.settle(name, fail=True)
    elif action == "cancel":
        sandbox.cancel_subscription(name)
    elif action == "redeliver":
        sandbox.redeliver(name)


def _when(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _session(sandbox: "StripeSandbox", obj: Json) -> Json:
    notes = sandbox.account.notes(obj["id"])
    return {
        "id": obj["id"],
        "name": notes["line_items"][0]["description"],
        "amount": format_amount(obj["amount_total"], obj["currency"]),
        "mode": obj["mode"],
        "email": (obj["customer_details"] or {}).get("email") or "",
        "status": obj["status"],
        "paid": obj["payment_status"],
        "debit": obj["status"] == "complete" and obj["payment_status"] == "unpaid",
        "created": _when(obj["created"]),
    }


def _subscription(obj: Json) -> Json:
    item = obj["items"]["data"][0]
    total = item["price"]["unit_amount"] * item["quantity"]
    return {
        "id": obj["id"],
        "amount": f"{format_amount(total, obj['currency'])} a {item['price']['recurring']['interval']}",
        "status": obj["status"],
        "until": _when(item["current_period_end"]),
        "over": obj["status"] in ("canceled", "incomplete_expired"),
    }


def _event(sandbox: "StripeSandbox", obj: Json) -> Json:
    copies = records.copies(sandbox.account, obj["id"])
    states = [copy["state"] for copy in copies]
    last = [copy["attempts"][-1] for copy in copies if copy["attempts"]]
    answer = f" ({last[-1]['status'] or last[-1]['error']})" if last else ""
    return {
        "id": obj["id"],
        "type": obj["type"],
        "object": obj["data"]["object"].get("id", ""),
        "created": _when(obj["created"]),
        "state": ", ".join(states) + answer if states else "no endpoint",
    }
