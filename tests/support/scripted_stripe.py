"""A Stripe API that gives prepared answers over real HTTP and keeps the requests. For the gateway's own tests.

The sandbox behaves like Stripe; this shows what it cannot: the exact request, failures, and rare answers.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

Json = dict[str, Any]


@dataclass(frozen=True)
class StripeCall:
    """One request: `POST /v1/refunds`, its parameters as `(name, value)` pairs, and its headers in lower case."""

    request: str
    parameters: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]

    def values(self) -> dict[str, str]:
        return dict(self.parameters)


@dataclass(frozen=True)
class PreparedAnswer:
    """`status` 0 closes the connection without an answer."""

    body: Json
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def list_of(*objects: Json, more: bool = False) -> PreparedAnswer:
    """Return one page of a list."""
    return PreparedAnswer(
        {"object": "list", "data": list(objects), "has_more": more, "url": "/v1/x"}
    )


class ScriptedStripe:
    """Answers the first request with the first of `answers`, and so on; the last one is repeated."""

    def __init__(self, *answers: PreparedAnswer | Json) -> None:
        self.answers = [
            one if isinstance(one, PreparedAnswer) else PreparedAnswer(one) for one in answers
        ]
        self.calls: list[StripeCall] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, call: StripeCall) -> PreparedAnswer:
        self.calls.append(call)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def _handler(script: ScriptedStripe) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            address = urlsplit(self.path)
            call = StripeCall(
                f"{self.command} {address.path}",
                tuple(parse_qsl(body or address.query, keep_blank_values=True)),
                {name.lower(): value for name, value in self.headers.items()},
            )
            answer = script.take(call)
            if not answer.status:
                self.close_connection = True
                return
            sent = json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 # the names that http.server asks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
