"""Requests to typed addresses: connected to what was checked, never redirected, over in time. Loopback only."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from campaign.core.outgoing.connection import (
    OutgoingAnswer,
    OutgoingConnection,
    OutgoingFailed,
    OutgoingRefused,
    OutgoingRules,
    system_addresses,
)
from campaign.core.outside_text import read_our_url
from tests.support.certificates import WRONG_NAME, make_certificates
from tests.support.upstream import Answer, Upstream

PUBLIC, OTHER = "93.184.216.34", "2606:4700::1111"
"""Addresses that are only checked here: `Dialed` connects to this machine instead."""
TEST_MODE = OutgoingRules(livemode=False)


class Dialed:
    """Stands in for TCP: remembers the address it was told, and connects to this machine."""

    def __init__(self, port: int, *dead: str) -> None:
        self.port = port
        self.addresses: list[str] = []
        self._dead = dead

    def __call__(self, address: str, _port: int, seconds: float) -> socket.socket:
        self.addresses.append(address)
        if address in self._dead:
            raise ConnectionRefusedError
        return socket.create_connection(("127.0.0.1", self.port), seconds)


def ask(url: str, rules: OutgoingRules, *, seconds: float = 30, most: int = 1000) -> OutgoingAnswer:
    connection = OutgoingConnection(read_our_url(url), rules)
    try:
        return connection.request("GET", "/", None, {}, seconds=seconds, most=most)
    finally:
        connection.close()


@pytest.fixture
def web() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


def never(_host: str, _port: int) -> list[str]:
    raise AssertionError("nobody should be asked for an address")


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "[::1]", "10.0.0.1", "[fd00::1]", "[fe80::1]", "100.64.0.1"),
        *("169.254.169.254", "metadata.google.internal", "[fd00:ec2::254]", "168.63.129.16"),
        *("[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]"),
        *("[2002:7f00:1::]", "[2001::7f00:1]", "192.0.0.1", "224.0.0.1", "[ff02::1]", "198.18.0.1"),
        *("203.0.113.1", "[2001:db8::1]", "2130706433", "0x7f000001", "0177.0.0.1", "127.1"),
        *("crm", "crm.internal", "LOCALHOST", "localhost.", "127.0.0.1.", "１２７.0.0.1"),
    ],
)  # fmt: skip
def test_in_live_mode_no_spelling_of_the_inside_is_even_looked_up(host: str) -> None:
    dialed = Dialed(9)
    with pytest.raises(OutgoingRefused, match="private or special"):
        ask(f"https://{host}/", OutgoingRules(addresses=never, dial=dialed))
    assert dialed.addresses == []


@pytest.mark.parametrize(
    "found",
    [
        *(["10.0.0.1"], ["127.0.0.1"], ["169.254.169.254"], ["::1"], ["fd00:ec2::254"]),
        *(["64:ff9b::7f00:1"], ["::ffff:10.0.0.1"], ["2002:7f00:1::"], ["fe80::1%2"], ["0.0.0.0"]),
        # One that is not public spoils all: the next answer may begin with it.
        *([PUBLIC, "127.0.0.1"], ["127.0.0.1", PUBLIC]),
    ],
)
def test_in_live_mode_a_name_that_leads_inside_is_not_connected_to(found: list[str]) -> None:
    dialed = Dialed(9)
    rules = OutgoingRules(addresses=lambda _host, _port: found, dial=dialed)
    with pytest.raises(OutgoingRefused, match="private or special"):
        ask("https://crm.example.org/", rules)
    assert dialed.addresses == []


def test_in_live_mode_only_https_is_sent() -> None:
    with pytest.raises(OutgoingRefused, match="must start with https"):
        ask("http://crm.example.org/", OutgoingRules(addresses=never))


@pytest.mark.parametrize("url", ["ftp://crm.example.org/", "https://", "//x", "https://a..b/"])
def test_what_is_no_web_address_is_refused_in_every_mode(url: str) -> None:
    for livemode in (True, False):
        with pytest.raises(OutgoingRefused, match="is not a web address"):
            ask(url, OutgoingRules(livemode=livemode, addresses=never))


@contextmanager
def tls_server(folder: Path) -> Iterator[tuple[int, Callable[[], ssl.SSLContext]]]:
    """A server with a certificate for elsewhere.example; yields its port, and a client's trust in that one alone."""
    made = make_certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made[WRONG_NAME])
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                channel, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(channel, server_side=True) as secured:
                    secured.recv(65536)
                    secured.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            except OSError:
                pass

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1], lambda: ssl.create_default_context(cafile=made["trusted"])
    finally:
        listener.close()


def test_the_name_is_resolved_once_and_exactly_the_checked_addresses_are_tried(
    tmp_path: Path,
) -> None:
    """The second answer of the resolver would lead inside (DNS rebinding); nobody asks for it."""
    answers = [[OTHER, PUBLIC], ["127.0.0.1"]]
    with tls_server(tmp_path) as (port, trust):
        dialed = Dialed(port, OTHER)
        rules = OutgoingRules(addresses=lambda _h, _p: answers.pop(0), dial=dialed, tls=trust)
        assert ask("https://elsewhere.example/", rules).status == 204
    assert dialed.addresses == [OTHER, PUBLIC], "the first one refused, so the second one was tried"
    assert len(answers) == 1


def test_the_certificate_must_be_for_the_name_that_was_typed(tmp_path: Path) -> None:
    with tls_server(tmp_path) as (port, trust):
        rules = OutgoingRules(addresses=lambda _h, _p: [PUBLIC], dial=Dialed(port), tls=trust)
        with pytest.raises(OutgoingFailed, match="certificate is not valid"):
            ask("https://crm.example.org/", rules)


def test_only_a_host_that_the_settings_name_may_be_private_and_never_special(web: Upstream) -> None:
    named = frozenset({"lists.internal"})
    url = f"http://lists.internal:{web.port}/"
    inside = OutgoingRules(private_hosts=named, addresses=lambda _h, _p: ["127.0.0.1"])
    assert ask(url, inside).status == 200
    answers = [["169.254.169.254"], ["fd00:ec2::254"], ["224.0.0.1"]]
    special = OutgoingRules(
        private_hosts=named, addresses=lambda _h, _p: answers.pop(), dial=Dialed(web.port)
    )
    for _ in range(3):
        with pytest.raises(OutgoingRefused):
            ask(url, special)
    with pytest.raises(OutgoingRefused):
        ask(f"http://other.internal:{web.port}/", inside)


def test_in_test_mode_this_machine_is_reached_and_clouds_metadata_is_not(web: Upstream) -> None:
    assert ask(f"http://127.0.0.1:{web.port}/", TEST_MODE).status == 200
    rules = OutgoingRules(
        livemode=False, addresses=lambda _h, _p: ["169.254.169.254"], dial=Dialed(web.port)
    )
    with pytest.raises(OutgoingRefused):
        ask("http://crm.example.org/", rules)


def test_a_redirect_is_an_answer_like_any_other(web: Upstream) -> None:
    web.answers(
        "/", Answer(status=302, headers={"Location": f"http://127.0.0.1:{web.port}/inside"})
    )
    assert ask(f"http://127.0.0.1:{web.port}/", TEST_MODE).status == 302
    assert web.asked("/inside") == []


def test_only_so_much_of_an_answer_is_read(web: Upstream) -> None:
    web.answers("/", Answer(b"x" * 5000))
    assert len(ask(f"http://127.0.0.1:{web.port}/", TEST_MODE, most=1000).body) == 1000


class Dripping:
    """A server that sends its answer byte by byte, and never to its end, so that no single step is ever late."""

    def __init__(self, begin: bytes, drip: bytes) -> None:
        self._begin, self._drip = begin, drip
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.over = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        channel, _ = self._listener.accept()
        with channel:
            channel.recv(65536)
            try:
                channel.sendall(self._begin)
                while True:
                    time.sleep(0.02)
                    channel.sendall(self._drip)
            except OSError:
                self.over.set()

    def close(self) -> None:
        self._listener.close()


@pytest.mark.parametrize(
    ("begin", "drip"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"", b"x"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
)
def test_a_slow_drip_of_bytes_ends_with_the_time_of_the_whole_request(
    begin: bytes, drip: bytes
) -> None:
    server = Dripping(begin, drip)
    with pytest.raises(OutgoingFailed, match="no answer in time"):
        ask(f"http://127.0.0.1:{server.port}/", TEST_MODE, seconds=0.4, most=10**9)
    assert server.over.wait(60), "the connection was closed"
    server.close()


def test_a_resolver_that_does_not_answer_ends_with_the_time_too() -> None:
    hangs = threading.Event()

    def silent(_host: str, _port: int) -> list[str]:
        hangs.wait(60)
        return []

    with pytest.raises(OutgoingFailed, match="no answer in time"):
        ask("http://crm.example.org/", OutgoingRules(livemode=False, addresses=silent), seconds=0.2)
    hangs.set()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"SSH-2.0-ana@example.org\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 ana@example.org\r\n\r\n", "the answer is not HTTP"),
        (b"", "the connection was closed without an answer"),
    ],
)
def test_an_error_quotes_nothing_of_the_answer(answer: bytes, said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            channel, _ = listener.accept()
            with channel:
                channel.recv(65536)
                channel.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        with pytest.raises(OutgoingFailed) as failed:
            ask(f"http://127.0.0.1:{listener.getsockname()[1]}/", TEST_MODE)
    assert str(failed.value) == said
    assert failed.value.__cause__ is None


def test_a_connection_is_kept_for_the_next_request_with_a_time_of_its_own(web: Upstream) -> None:
    connection = OutgoingConnection(read_our_url(f"http://127.0.0.1:{web.port}"), TEST_MODE)
    for _ in range(3):
        answer = connection.request("GET", "/", None, {}, seconds=30, most=1000)
        assert answer.body == b"an answer"
    assert len({asked.connection for asked in web.received}) == 1
    connection.close()
    assert connection.request("GET", "/", None, {}, seconds=30, most=1000).status == 200
    connection.close()


def test_the_systems_resolver_names_each_address_once() -> None:
    assert system_addresses("127.0.0.1", 80) == ["127.0.0.1"]
