"""API errors as application/problem+json (RFC 9457)."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Response

TYPE = "application/problem+json"


def problem(
    status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """Return an error response. `detail` says what to do; `more` are extension members, such as `errors`."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **more,
    }
    response = Response(json.dumps(body), status, mimetype=TYPE)
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(headers or {})
    return response
