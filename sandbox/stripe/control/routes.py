"""The controls over HTTP, under /_sandbox/: JSON in, JSON out, no API key. Each calls a `StripeSandbox` method."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from sandbox.stripe.control import faults
from sandbox.stripe.errors import Refused
from sandbox.stripe.state import Json
from sandbox.stripe.webhooks import modes

if TYPE_CHECKING:
    from sandbox.stripe.server import StripeSandbox

# (HTTP method, path, name of the control). The JSON body holds the control's keyword arguments.
_CONTROLS = (
    ("POST", "sessions/<name>/pay", "pay"),
    ("POST", "sessions/<name>/expire", "expire"),
    ("POST", "debits/<name>/settle", "settle"),
    ("POST", "debits/<name>/take_back", "take_back"),
    ("POST", "charges/<name>/dispute", "dispute"),
    ("POST", "charges/<name>/warn", "warn"),
    ("POST", "charges/<name>/refund", "refund"),
    ("POST", "refunds/<name>/end", "end_refund"),
    ("POST", "disputes/<name>/escalate", "escalate"),
    ("POST", "disputes/<name>/answer", "answer_dispute"),
    ("POST", "disputes/<name>/close", "close_dispute"),
    ("POST", "disputes/<name>/appeal", "appeal"),
    ("POST", "disputes/<name>/adjust", "adjust_dispute"),
    ("POST", "subscriptions/<name>/cancel", "cancel_subscription"),
    ("POST", "dashboard/links", "pay_link"),
    ("POST", "dashboard/charges", "charge_customer"),
    ("POST", "dashboard/subscriptions", "subscribe"),
    ("POST", "dashboard/invoices", "bill"),
    ("POST", "dashboard/invoices/<name>/part", "pay_part"),
    ("POST", "dashboard/invoices/<name>/outside", "pay_outside"),
    ("POST", "dashboard/customers/<name>/credit", "give_credit"),
    ("POST", "payouts", "payout"),
    ("POST", "payouts/<name>/fail", "fail_payout"),
    ("POST", "fees", "set_fees"),
    ("POST", "settlement", "set_settlement"),
    ("POST", "clock", "advance"),
    ("GET", "clock", "now"),
    ("POST", "deliveries", "deliver"),
    ("DELETE", "deliveries", "deliver_normally"),
    ("POST", "deliveries/release", "release"),
    ("POST", "deliveries/all", "deliver_all"),
    ("POST", "events/<name>/redeliver", "redeliver"),
    ("GET", "events/<name>", "event"),
    ("GET", "events", "events"),
    ("POST", "faults", "fault"),
    ("DELETE", "faults", "clear_faults"),
    ("POST", "version", "use_version"),
    ("POST", "permissions", "take_permissions"),
    ("POST", "portal", "set_portal"),
    ("GET", "objects/<name>", "objects"),
    ("POST", "reset", "reset"),
)

_PATTERNS = [
    (method, re.compile(path.replace("<name>", "([^/]+)")), name)
    for method, path, name in _CONTROLS
]


def blueprint(sandbox: "StripeSandbox") -> Blueprint:
    control = Blueprint("control", __name__, url_prefix="/_sandbox")

    @control.route("/<path:path>", methods=["GET", "POST", "DELETE"])
    def call(path: str) -> tuple[Response, int]:
        for method, pattern, name in _PATTERNS:
            found = pattern.fullmatch(path) if method == request.method else None
            if found:
                return _answer(getattr(sandbox, name), list(found.groups()))
        return jsonify(error={"message": "Unknown control."}), 404

    @control.get("/")
    def overview() -> Response:
        listed = [f"{method} /_sandbox/{path}" for method, path, _ in _CONTROLS]
        account = sandbox.account
        return jsonify(
            controls=listed,
            now=account.now(),
            objects=account.kinds(),
            faults=faults.waiting(account),
            deliveries=modes.current(account),
        )

    return control


def _answer(control: Callable[..., object], names: list[str]) -> tuple[Response, int]:
    try:
        found = control(*names, **_given())
    except Refused as refused:
        return jsonify(refused.body("req_control")), refused.status
    except TimeoutError as error:
        return jsonify(error={"message": str(error)}), 504
    except (TypeError, KeyError) as error:
        return jsonify(error={"message": f"Invalid arguments: {error}"}), 400
    return jsonify(_wrapped(found)), 200


def _given() -> dict[str, Any]:
    if request.method == "GET":
        return request.args.to_dict()
    given = request.get_json(silent=True) if request.content_length else {}
    if not isinstance(given, dict):
        raise Refused("The body must be a JSON object.")
    return given


def _wrapped(found: object) -> Json | list[Any]:
    return found if isinstance(found, (dict, list)) else {"result": found}
