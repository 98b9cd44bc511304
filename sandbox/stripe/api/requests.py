"""Run API requests: API key, parameters, idempotency, faults, execution, response. Mounted by `application`.

https://docs.stripe.com/api/authentication
https://docs.stripe.com/api/errors
"""

import base64
import json
import re
import traceback

from flask import Blueprint, Response, request

from sandbox.stripe.api import (
    checkout,
    connected,
    events,
    expansion,
    form,
    idempotency,
    permissions,
    retrieval,
    subscriptions,
    updates,
)
from sandbox.stripe.api.endpoints import ENDPOINTS, Endpoint
from sandbox.stripe.control import faults
from sandbox.stripe.errors import Refused
from sandbox.stripe.rules import clock
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account
from sandbox.stripe.state.identifiers import new_id
from sandbox.stripe.versions import require_known, reword

# Importing these modules fills the table of endpoints.
AREAS = (updates, checkout, connected, events, retrieval, subscriptions)
_KEY = re.compile(r"(sk|rk)_test_\w+")


# One table for all sandboxes, because Flask would compile seventy rules again for each one.
_ROUTES = [
    (entry, re.compile(re.escape(entry.path).replace("<name>", "([^/]+)"))) for entry in ENDPOINTS
]


def blueprint(account: Account) -> Blueprint:
    api = Blueprint("api", __name__, url_prefix="/v1")

    @api.route("/<path:path>", methods=["GET", "POST", "DELETE", "PUT", "PATCH"])
    def call(path: str) -> Response:
        for entry, pattern in _ROUTES:
            found = pattern.fullmatch(path) if entry.method == request.method else None
            if found:
                return _Call(account, entry, list(found.groups())).answer()
        return unrecognized()

    @api.after_request
    def stamp(response: Response) -> Response:
        """Say which version answered: https://docs.stripe.com/api/versioning."""
        response.headers["Stripe-Version"] = _named_version() or account.api_version
        return response

    return api


def unrecognized() -> Response:
    """Return the error for an unknown path or method. Stripe checks authorization first."""
    request_id = new_id("req_")
    try:
        _authorize()
        raise Refused(f"Unrecognized request URL ({request.method}: {request.path}).", status=404)
    except Refused as refused:
        return _response(refused.status, json.dumps(refused.body(request_id)), request_id)


def _named_version() -> str | None:
    return request.headers.get("Stripe-Version") or None


class _Call:
    """One request to one endpoint."""

    def __init__(self, account: Account, entry: Endpoint, names: list[str]) -> None:
        self._account = account
        self._entry = entry
        self._names = names
        self._request_id = new_id("req_")
        self._fault = faults.take(account, request.method, request.path)

    def answer(self) -> Response:
        faults.before(self._fault, request.environ)
        try:
            permissions.require(self._account, _authorize(), self._entry)
            faults.refuse(self._fault)
            given = form.tree(self._pairs())
            params = self._entry.parameters(given)
            key = request.headers.get("Idempotency-Key") if self._entry.method == "POST" else None
            if key:
                response = self._once(key, given, params)
            else:
                self._check(params)
                response = _response(*self._execute(params, None), self._request_id)
        except Refused as refused:
            body = json.dumps(refused.body(self._request_id))
            return _response(refused.status, body, self._request_id)
        faults.after(self._fault, request.environ)
        return response

    def _pairs(self) -> list[tuple[str, str]]:
        source = request.form if self._entry.method == "POST" else request.args
        pairs = list(source.items(multi=True))
        if self._entry.method == "DELETE":
            pairs += list(request.form.items(multi=True))
        sent = request.mimetype
        if request.content_length and sent not in ("application/x-www-form-urlencoded", ""):
            raise Refused(f"Invalid request: the content type is {sent}, not a form.")
        return pairs

    def _check(self, params: Json) -> None:
        if self._entry.check:
            self._entry.check(self._account, params)

    def _once(self, key: str, given: Json, params: Json) -> Response:
        kept = idempotency.claim(self._account, key, request.method, request.path, given)
        if kept:
            response = _response(kept["status"], kept["body"], self._request_id)
            response.headers["Idempotent-Replayed"] = "true"
            response.headers["Original-Request"] = kept["request_id"]
            response.headers["Idempotency-Key"] = key
            return response
        try:
            self._check(params)
        except BaseException:
            idempotency.release(self._account, key)
            raise
        status, body = self._execute(params, key)
        idempotency.save(self._account, key, status, body, self._request_id)
        response = _response(status, body, self._request_id)
        response.headers["Idempotency-Key"] = key
        return response

    def _execute(self, params: Json, key: str | None) -> tuple[int, str]:
        """Execute the request. From here on, an error is a response that is saved with the key."""
        faults.slow_down(self._fault)
        account = self._account
        try:
            faults.fail(self._fault)
            with account.transaction(), account.as_request(self._request_id, key):
                clock.run_due(account)
                paths = params.pop("expand", [])
                found = self._entry.run(account, params, *self._names)
                return 200, json.dumps(self._serialized(found, paths))
        except Refused as refused:
            return refused.status, json.dumps(refused.body(self._request_id))
        except Exception:  # noqa: BLE001 - log a bug of the sandbox and respond like Stripe does to its own
            traceback.print_exc()
            return 500, json.dumps(faults.broken().body(self._request_id))

    def _serialized(self, found: Json, paths: list[str]) -> Json:
        if found["object"] == "list":
            found = {
                **found,
                "data": [expansion.serialize(self._account, o) for o in found["data"]],
            }
        else:
            found = expansion.serialize(self._account, found)
        answer = expansion.expand(self._account, found, paths)
        version = _named_version() or self._account.api_version
        return answer if _is_event(answer) else reword(self._account, answer, version)


def _is_event(answer: Json) -> bool:
    """Whether these are events, which keep the version of their creation."""
    listed = answer["data"] if answer["object"] == "list" else [answer]
    return any(one["object"] == "event" for one in listed)


def _authorize() -> str:
    """Return the secret or restricted test key (Bearer, or user name in Basic); require a known API version."""
    key = _given_key()
    if not key:
        raise Refused(
            "You did not provide an API key. You need to provide your API key in the Authorization"
            " header, using Bearer auth.",
            status=401,
        )
    if not _KEY.fullmatch(key):
        hidden = f"{key[:8]}{'*' * 8}{key[-4:]}"
        raise Refused(f"Invalid API Key provided: {hidden}", status=401)
    if _named_version():
        require_known(request.headers["Stripe-Version"])
    return key


def _given_key() -> str:
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest).decode().partition(":")[0]
        except ValueError:
            return ""
    return ""


def _response(status: int, body: str, request_id: str) -> Response:
    response = Response(body + "\n", status, mimetype="application/json")
    response.headers["Request-Id"] = request_id
    return response
