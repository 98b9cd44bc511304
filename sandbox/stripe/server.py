"""The sandbox as a server in a thread of this process. Used by tests and by `__main__`."""

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Self

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from sandbox.start_stop import StartStopContext
from sandbox.stripe.api import idempotency
from sandbox.stripe.application import create_application
from sandbox.stripe.control.controls import Controls
from sandbox.stripe.control.dashboard import DashboardControls
from sandbox.stripe.control.network import NetworkControls
from sandbox.stripe.objects import portal
from sandbox.stripe.rules import clock
from sandbox.stripe.state.account import Account
from sandbox.stripe.webhooks.deliverer import Deliverer

DEFAULT_SECRET = "whsec_sandbox"
TICK = 0.5
"""Real seconds between checks for due work."""


class StripeSandbox(StartStopContext, Controls, DashboardControls, NetworkControls):
    """A Stripe account over HTTP.

        with StripeSandbox(webhook_url="http://127.0.0.1:8000/stripe/webhook") as sandbox:
            client = StripeClient("sk_test_x", base_addresses={"api": sandbox.url})

    Several may run in one process. With `folder`, the state survives a restart. `middleware` is put around the WSGI
    application of those that are made from then on: tests watch there what is asked and answered.
    """

    middleware: ClassVar[Callable[[Any], Any] | None] = None

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        folder: Path | None = None,
        webhook_url: str | list[str] | None = None,
        webhook_secret: str = DEFAULT_SECRET,
        public_url: str | None = None,
    ) -> None:
        self.webhook_secret = webhook_secret
        self._webhook_urls = [webhook_url] if isinstance(webhook_url, str) else webhook_url or []
        self.account = Account(folder)
        idempotency.release_interrupted(self.account)
        self.deliverer = Deliverer(self.account)
        application = create_application(self)
        wrap = type(self).middleware
        self._server = _Server(
            host, port, wrap(application) if wrap else application, _QuietHandler
        )
        self._server.now = self.account.now
        self.url = f"http://{host}:{self._server.server_port}"
        self.account.public_url = (public_url or self.url).rstrip("/")
        self._stopping = threading.Event()
        self._register_webhooks()

    def _register_webhooks(self) -> None:
        """Create the configured endpoints. Their ids stay the same after a restart."""
        with self.account.transaction():
            for endpoint in self.account.every("webhook_endpoint"):
                if endpoint["id"].startswith("we_sandbox"):
                    self.account.delete(endpoint)
            for place, url in enumerate(self._webhook_urls, 1):
                endpoint = portal.webhook_endpoint(url, ["*"], self.account.now())
                endpoint["id"] = f"we_sandbox{place}"
                self.account.add(endpoint)
                self.account.note(endpoint["id"], secret=self.webhook_secret)

    def start(self) -> Self:
        self.deliverer.start()
        for target in (self._serve, self._tick):
            threading.Thread(target=target, daemon=True, name="stripe-sandbox").start()
        return self

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.02)

    def _tick(self) -> None:
        while not self._stopping.wait(TICK):
            with self.account.transaction():
                clock.run_due(self.account)

    def stop(self) -> None:
        """Close every connection at once. Requests in progress get no response."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self.deliverer.stop()
        self._server.shutdown()
        self._server.close_all()
        self.account.close()

    def reset(self) -> None:
        """Empty the account and reset delivery modes, faults and the clock."""
        self.account.reset()
        self._register_webhooks()


class _Server(ThreadedWSGIServer):
    """Keep track of open connections, so that a stopped sandbox is unreachable at once."""

    daemon_threads = True
    now: Callable[[], int]

    def __init__(self, *arguments: Any) -> None:
        self._open: set[Any] = set()
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def close_all(self) -> None:
        self.server_close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect."""


class _QuietHandler(WSGIRequestHandler):
    server: _Server

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Date the answers by the sandbox's clock."""
        return super().date_time_string(self.server.now() if timestamp is None else timestamp)

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Do not log requests. The index page shows what happened."""
