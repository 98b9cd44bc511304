"""An SMTP server on its own thread, for the outbox viewer and `MailReceiver`.

aiosmtpd's controller cannot listen on port 0 and report the port that it was assigned.
"""

import asyncio
import ssl
import threading
import warnings
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

LOOPBACK = "127.0.0.1"
MAX_MESSAGE_BYTES = 32 * 1024 * 1024  # bytes


class Listener:
    """An SMTP server. `handler` has aiosmtpd's hooks (`handle_RCPT`, `handle_DATA`)."""

    def __init__(
        self,
        handler: object,
        *,
        credentials: tuple[str, str] | None = None,
        starttls: ssl.SSLContext | None = None,
        smtputf8: bool = True,
        size: int | None = None,
    ) -> None:
        self._size = size or MAX_MESSAGE_BYTES
        self._handler = handler
        self._credentials = credentials
        self._starttls = starttls
        self._smtputf8 = smtputf8
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._connections: set[asyncio.BaseTransport] = set()
        self.connection_count = 0
        self.port = 0

    def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1:`port`; 0 picks a free port. Raises OSError if the port is in use."""
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp", daemon=True)
        self._thread.start()
        # The caller's thread may already run an event loop, as in browser tests.
        serving = self._loop.create_server(self._protocol, LOOPBACK, port)
        try:
            self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result(5)
        except OSError:
            self._end()
            raise
        self.port = self._server.sockets[0].getsockname()[1]

    def hang_up(self) -> None:
        """Close every open connection."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result(5)

    async def _hang_up(self) -> None:
        for transport in list(self._connections):
            transport.close()

    def stop(self) -> None:
        if self._thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(5)
        self._end()

    def _end(self) -> None:
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)
            self._loop.close()
            self._thread = None

    async def _close(self) -> None:
        self._server.close()
        for transport in self._connections:
            transport.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _protocol(self) -> SMTP:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS")
            return self._session()

    def _session(self) -> SMTP:
        return _Session(
            self,
            self._handler,
            enable_SMTPUTF8=self._smtputf8,
            data_size_limit=self._size,
            hostname="outbox.localhost",
            ident="Outbox",
            loop=self._loop,
            tls_context=self._starttls,
            auth_required=self._credentials is not None,
            auth_require_tls=self._starttls is not None,
            authenticator=self._authenticate,
        )

    def opened(self, transport: asyncio.BaseTransport) -> None:
        self.connection_count += 1
        self._connections.add(transport)

    def closed(self, transport: asyncio.BaseTransport | None) -> None:
        if transport is not None:
            self._connections.discard(transport)

    def _authenticate(self, *arguments: Any) -> AuthResult:
        """Check the credentials. aiosmtpd passes server, session, envelope, mechanism and credentials."""
        given = arguments[-1]
        if self._credentials is None or not isinstance(given, LoginPassword):
            return AuthResult(success=self._credentials is None, handled=False)
        user, password = (part.encode() for part in self._credentials)
        matches = (given.login, given.password) == (user, password)
        return AuthResult(success=matches, handled=False)


class _Session(SMTP):
    """One connection, which the listener keeps track of."""

    def __init__(self, listener: Listener, handler: object, **options: Any) -> None:
        super().__init__(handler, **options)
        self._listener = listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._listener.opened(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._listener.closed(self.transport)
        super().connection_lost(error)
