"""One HTTP connection to a checked address. Redirects are never followed, and a request ends in time.

A host is resolved once. All its addresses are checked, then tried one after the other, and the connection goes to
exactly the address that was checked, so that a name cannot change its meaning in between (DNS rebinding). The time
limit is for the whole request, however slowly the other side sends: name, connection, TLS, headers and body.
What a receiver answers never becomes part of an error here, so that none of it reaches a log or a row.
"""

import http.client
import io
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult

from campaign.core.outgoing.addresses import Reach, is_inside_name, reach_of
from campaign.core.outside_text import read_host

_PIECE = 16 * 1024


class OutgoingFailed(Exception):
    """A request could not be sent or was not answered in time. The words hold nothing of the answer."""


class OutgoingRefused(OutgoingFailed):
    """The address is none that requests may be sent to."""


def system_addresses(host: str, port: int) -> list[str]:
    """Return the IP addresses of `host`, from the system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def dial(address: str, port: int, seconds: float) -> socket.socket:
    """Open a TCP connection to an IP address."""
    return socket.create_connection((address, port), seconds)


@dataclass(frozen=True)
class OutgoingRules:
    """Where requests may go. In live mode only to public addresses over https, and to `private_hosts`.

    `private_hosts` are names in lower case that the settings allow to be in a private network. Ranges that hold no web
    server (link-local, multicast, clouds' metadata …) are refused always. Tests replace the other three.
    """

    livemode: bool = True
    private_hosts: frozenset[str] = frozenset()
    addresses: Callable[[str, int], Sequence[str]] = system_addresses
    dial: Callable[[str, int, float], socket.socket] = dial
    tls: Callable[[], ssl.SSLContext] = ssl.create_default_context

    def fault_of(self, parts: SplitResult) -> str:
        """Return why requests may not go to this URL, judged by its spelling; '' if they may."""
        host = read_host(parts.hostname or "")
        if parts.scheme not in {"http", "https"} or host is None:
            return "is not a web address"
        if not self.livemode or host in self.private_hosts:
            return ""
        if parts.scheme != "https":
            return "must start with https://"
        return "is in a private or special network" if is_inside_name(host) else ""

    def allows(self, host: str, address: str) -> bool:
        """Return whether `host` may have this IP address."""
        reach = reach_of(address)
        near = not self.livemode or host in self.private_hosts
        return reach is Reach.public or (reach is Reach.private and near)


@dataclass(frozen=True)
class OutgoingAnswer:
    """The answer of a receiver. Names of headers are in lower case; `body` is cut at the most that was asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Deadline:
    """The moment when a request has to be over."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left; raises TimeoutError if there are none."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request took too long")
        return left


class _Incoming(io.RawIOBase):
    def __init__(self, owner: "DeadlineSocket") -> None:
        self._owner = owner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._owner.receive(buffer)


class DeadlineSocket:
    """What `http.client` needs of a socket, with a limit for all of it together, not for each step."""

    def __init__(self, channel: socket.socket, deadline: Deadline) -> None:
        self._channel = channel
        self.deadline = deadline

    def receive(self, buffer: Any) -> int:
        self._channel.settimeout(self.deadline.left())
        return self._channel.recv_into(buffer)

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._channel.settimeout(self.deadline.left())
            rest = rest[self._channel.send(rest[:_PIECE]) :]

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self))

    def close(self) -> None:
        """Do nothing: `http.client` closes early what it still reads from, and `hang_up` ends every request."""

    def hang_up(self) -> None:
        self._channel.close()


class OutgoingConnection:
    """A connection to the host of `url`, opened with the first request and kept while the other side keeps it."""

    def __init__(self, url: SplitResult, rules: OutgoingRules) -> None:
        self._url = url
        self._rules = rules
        self._http: http.client.HTTPConnection | None = None
        self._channel: DeadlineSocket | None = None

    def close(self) -> None:
        if self._channel is not None:
            self._channel.hang_up()
        self._http = self._channel = None

    def request(
        self,
        method: str,
        target: str,
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        seconds: float,
        most: int,
    ) -> OutgoingAnswer:
        """Send a request and return the answer, of whose body at most `most` bytes are read.

        Raises OutgoingRefused for an address that is not allowed, OutgoingFailed for everything else.
        """
        try:
            connection = self._opened(Deadline(seconds))
            connection.request(method, target, body, dict(headers))
            answer = connection.getresponse()
            read = answer.read(most)
            if answer.will_close or not answer.isclosed():
                self.close()
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise OutgoingFailed(_words(error)) from None
        found = {name.lower(): value for name, value in answer.getheaders()}
        return OutgoingAnswer(answer.status, found, read)

    def _opened(self, deadline: Deadline) -> http.client.HTTPConnection:
        if self._http is not None and self._channel is not None:
            self._channel.deadline = deadline
            return self._http
        host, port = self._checked_host(), self._url.port
        port = port or (443 if self._url.scheme == "https" else 80)
        channel = self._dialed(host, port, deadline)
        if self._url.scheme == "https":
            channel.settimeout(deadline.left())
            channel = self._rules.tls().wrap_socket(channel, server_hostname=host)
        self._http = http.client.HTTPConnection(host, port)
        self._channel = DeadlineSocket(channel, deadline)
        self._http.sock = self._channel
        return self._http

    def _checked_host(self) -> str:
        if fault := self._rules.fault_of(self._url):
            raise OutgoingRefused(f"the address {fault}")
        return read_host(self._url.hostname or "") or ""

    def _dialed(self, host: str, port: int, deadline: Deadline) -> socket.socket:
        """Connect to the first address that answers, if all of them are allowed."""
        found = _resolved(self._rules.addresses, host, port, deadline)
        if not all(self._rules.allows(host, address) for address in found):
            raise OutgoingRefused("the address is in a private or special network")
        last: OSError = OSError("the host has no address")
        for number, address in enumerate(found):
            # A part of the time each, so that one that does not answer leaves time for the others.
            share = deadline.left() / (len(found) - number)
            try:
                return self._rules.dial(address, port, share)
            except OSError as error:
                last = error
        raise last


def _resolved(
    addresses: Callable[[str, int], Sequence[str]], host: str, port: int, deadline: Deadline
) -> Sequence[str]:
    """Resolve in a thread, because the system's resolver has no time limit that we could set."""
    answers: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(addresses(host, port))
        except (OSError, ValueError) as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True, name="resolve").start()
    try:
        answer = answers.get(timeout=deadline.left())
    except queue.Empty:
        raise TimeoutError("the host's address was not found in time") from None
    if isinstance(answer, Exception):
        raise OSError("the host's address was not found") from answer
    return answer


def _words(error: Exception) -> str:
    """Return what went wrong in words of our own: an error of `http.client` may quote the answer."""
    for kind, words in _KINDS:
        if isinstance(error, kind):
            return words
    return "the host could not be reached"


_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (TimeoutError, "no answer in time"),
    (ssl.SSLCertVerificationError, "the certificate is not valid for the host"),
    (ssl.SSLError, "no encrypted connection"),
    (socket.gaierror, "the host is not known"),
    (ConnectionRefusedError, "the connection was refused"),
    (http.client.RemoteDisconnected, "the connection was closed without an answer"),
    (ConnectionError, "the connection was lost"),
    (http.client.HTTPException, "the answer is not HTTP"),
    (ValueError, "the address or the answer could not be read"),
)
