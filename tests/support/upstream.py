"""A small web server whose answers a test chooses, to put behind the proxy, and what it was asked."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Received:
    """One request as the web server saw it. `connection` identifies the connection that it came on."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    version: str
    connection: int

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Answer:
    """What the web server answers."""

    body: bytes = b"an answer"
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


Rule = Callable[[Received], Answer | None]


class Upstream:
    """`with Upstream() as web: web.answers("/c/winter", Answer(...))`.

    A path without a rule gets an answer without any header about caching. A rule that returns None closes the
    connection without an answer, as a process that dies does.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._rules: dict[str, Rule] = {}
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.upstream = self
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answers(self, path: str, answer: Answer | Rule) -> None:
        """Answer requests for `path`, whatever their query, with `answer`, or with what it returns."""
        self._rules[path] = (lambda _asked: answer) if isinstance(answer, Answer) else answer

    def forget(self) -> None:
        """Drop the rules and what was asked: each test begins with a new web, though its server runs on."""
        self._rules.clear()
        self.received.clear()

    def shares(self, path: str, seconds: int = 60, *, stale: int = 0) -> None:
        """Answer `path` with its address and a number, as a page that all readers share for `seconds`.

        Old ones may be shown for `stale` seconds more, while a new one is made.
        """
        control = f"public, max-age={seconds}, stale-while-revalidate={stale}"

        def numbered(asked: Received) -> Answer:
            body = f"{asked.target} {len(self.asked(path))}".encode()
            return Answer(body, {"Cache-Control": control})

        self.answers(path, numbered)

    def dies(self, path: str) -> None:
        """Close the connection without an answer, from now on."""
        self.answers(path, lambda _asked: None)

    def asked(self, path: str) -> list[Received]:
        """Return the requests for `path`, in order."""
        return [each for each in list(self.received) if each.path == path]

    def respond(self, asked: Received) -> Answer | None:
        self.received.append(asked)
        rule = self._rules.get(asked.path)
        return rule(asked) if rule else Answer()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    upstream: Upstream

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore a proxy that closed its connection."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        port = self.client_address[1]
        asked = Received(self.command, self.path, headers, body, self.request_version, port)
        answer = self.server.upstream.respond(asked)
        if answer is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - names of the base class

    def log_message(self, *arguments: object) -> None:
        """Log nothing."""
