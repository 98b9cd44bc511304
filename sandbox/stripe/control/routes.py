"""The controls over HTTP, under /_sandbox/: JSON in, JSON out, no key. Each calls the method of its name."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from sandbox.stripe.control import faults
from sandbox.stripe.errors import Refused
from sandbox.stripe.state import Json
from sandbox.stripe.webhooks import modes

if TYPE_CHECKING:
    from sandbox.stripe.server import StripeSandbox

# (method, path, name of the control). Members of the JSON body are the control's named arguments.
_CONTROLS = (
    ("POST", "sessions/<name>/pay", "pay"),
    ("POST", "sessions/<name>/expire", "expire"),
    ("POST", "debits/<name>/settle", "settle"),
    ("POST", "charges/<name>/dispute", "dispute"),
    ("POST", "charges/<name>/warn", "warn"),
    ("POST", "charges/<name>/refund", "refund"),
    ("POST", "refunds/<name>/end", "end_refund"),
    ("POST", "disputes/<name>/escalate", "escalate"),
    ("POST", "disputes/<name>/close", "close_dispute"),
    ("POST", "subscriptions/<name>/cancel", "cancel_subscription"),
    ("POST", "payouts", "payout"),
    ("POST", "payouts/<name>/fail", "fail_payout"),
    ("POST", "fees", "set_fees"),
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
    ("GET", "objects/<name>", "objects"),
    ("POST", "reset", "reset"),
)


def blueprint(sandbox: "StripeSandbox") -> Blueprint:
    control = Blueprint("control", __name__, url_prefix="/_sandbox")
    for method, path, name in _CONTROLS:
        view = _view(getattr(sandbox, name))
        control.add_url_rule(f"/{path}", name, view, methods=[method])

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


def _view(control: Callable[..., object]) -> Callable[..., tuple[Response, int]]:
    def view(name: str | None = None) -> tuple[Response, int]:
        try:
            given = _given()
            found = control(*([name] if name else []), **given)
        except Refused as refused:
            return jsonify(refused.body("req_control")), refused.status
        except TimeoutError as error:
            return jsonify(error={"message": str(error)}), 504
        except (TypeError, KeyError) as error:
            return jsonify(error={"message": f"Invalid arguments: {error}"}), 400
        return jsonify(_wrapped(found)), 200

    return view


def _given() -> dict[str, Any]:
    if request.method == "GET":
        return request.args.to_dict()
    given = request.get_json(silent=True) if request.content_length else {}
    if not isinstance(given, dict):
        raise Refused("The body must be a JSON object.")
    return given


def _wrapped(found: object) -> Json | list[Any]:
    return found if isinstance(found, (dict, list)) else {"result": found}
