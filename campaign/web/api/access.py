"""API access: bearer tokens and their scopes. Every API view belongs to an `api_blueprint`."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Response, g, request
from flask_smorest import Blueprint
from werkzeug.exceptions import HTTPException

from campaign.core import clock
from campaign.core.errors import FieldsInvalid
from campaign.integrations.tokens import Scope, authenticate_token
from campaign.web.api.problems import TYPE, problem
from campaign.web.api.schemas import ProblemSchema
from campaign.web.context import installation
from campaign.web.limits import client_network, hashed_key, limiter

SCHEME = "token"
PER_NETWORK = "600 per minute"

View = TypeVar("View", bound=Callable[..., Any])


def api_blueprint(name: str) -> Blueprint:
    """Return a blueprint under `/api/v1` that requires a token and reports errors as RFC 9457 problems."""
    blueprint = Blueprint(f"api_{name}", __name__, url_prefix="/api/v1", description=name)
    blueprint.before_request(_require_token)
    blueprint.after_request(_forbid_caching)
    blueprint.register_error_handler(422, _invalid)
    blueprint.register_error_handler(
        FieldsInvalid, lambda error: problem(422, str(error), errors=error.faults)
    )
    limiter.limit(PER_NETWORK, key_func=_network)(blueprint)
    return blueprint


def _network() -> str:
    return hashed_key("api", client_network())


def scoped(blueprint: Blueprint, scope: Scope, *, one: bool = False) -> Callable[[View], View]:
    """Require a token with `scope`, and document it. `one`: the path names one object, which may not exist."""
    answers = {
        401: "The token is missing, expired or revoked.",
        403: "The token does not have the required scope.",
        429: "Too many requests.",
        500: "An error on our side; it is logged.",
        503: "The database is temporarily unavailable.",
    }
    answers |= {404: "Not found."} if one else {422: "A parameter is invalid."}
    headers = {
        401: ("WWW-Authenticate", "string"),
        429: ("Retry-After", "integer"),
        503: ("Retry-After", "integer"),
    }

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if scope not in g.scopes:
                words = f"This token does not have the scope {scope}."
                challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
                return problem(403, words, {"WWW-Authenticate": challenge}, scope=scope.value)
            return view(*args, **kwargs)

        described: Any = guarded
        for status, words in answers.items():
            header = headers.get(status)
            described = blueprint.alt_response(
                status,
                schema=ProblemSchema,
                description=words,
                content_type=TYPE,
                headers={header[0]: {"schema": {"type": header[1]}}} if header else None,
            )(described)
        words = f"Requires the scope `{scope}`."
        return cast("View", blueprint.doc(security=[{SCHEME: []}], description=words)(described))

    return decorate


def may_read_donors() -> bool:
    """Return whether this token may read names and addresses."""
    return Scope.donors in g.scopes


def _require_token() -> Response | None:
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    token = None
    if kind.lower() == "bearer" and secret:
        with installation().sessions.begin() as session:
            token = authenticate_token(session, secret.strip(), clock.now())
            g.scopes = token.scopes if token else []
    if token is None:
        words = "Send `Authorization: Bearer …` with an active token. Admins create tokens on the staff pages."
        return problem(401, words, {"WWW-Authenticate": 'Bearer realm="api"'})
    return None


def _forbid_caching(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _invalid(error: HTTPException) -> Response:
    found = getattr(error, "data", {}).get("messages", {})
    faults = {name: words for place in found.values() for name, words in place.items()}
    named = ", ".join(str(name) for name in faults)
    return problem(422, f"Invalid parameters: {named}.", errors=faults)
