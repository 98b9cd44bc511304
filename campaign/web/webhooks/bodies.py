"""The body of a webhook: read as raw bytes, with a limit, and as JSON."""

import json
from typing import Any

from flask import Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

LARGEST_BODY = 1024 * 1024


class BodyRefused(Exception):
    """The body cannot be used; `status` is 400 or 413."""

    def __init__(self, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.status = status

    @property
    def answer(self) -> tuple[Response, int]:
        return jsonify(error=str(self)), self.status


def read_body(largest: int = LARGEST_BODY) -> bytes:
    """Return the raw body of the request. Raise BodyRefused if it is larger than `largest` bytes."""
    # One byte more than allowed: a chunked body has no length and is silently cut off at the limit.
    request.max_content_length = largest + 1
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        body = b""
    if len(body) > largest or (request.content_length or 0) > largest:
        raise BodyRefused(f"The body is larger than {largest // 1024 // 1024} MB.", 413)
    return body


def parse_json(body: bytes) -> Any:
    """Return the JSON in the body. Raise BodyRefused if it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BodyRefused("The body is not JSON.") from None
