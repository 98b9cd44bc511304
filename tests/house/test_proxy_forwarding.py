"""What the proxy tells the web about a reader, what it passes back, and its limits: the shipped nginx, for real."""

import base64
import gzip
import http.client
import secrets
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.support.proxy import SHORT, Proxy, needs_nginx
from tests.support.upstream import Answer, Received, Upstream
from tests.support.waiting import wait_until

pytestmark = needs_nginx
MEBIBYTE = 1 << 20
READER, FORGED = "198.51.100.9", "203.0.113.7"


@pytest.fixture(scope="module")
def web() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


@pytest.fixture(scope="module")
def proxy(web: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with Proxy(tmp_path_factory.mktemp("nginx"), web.port) as running:
        yield running


@pytest.fixture(autouse=True)
def _new_rules(web: Upstream) -> None:
    web.forget()


def forwarded(web: Upstream, proxy: Proxy, path: str = "/me", **headers: str) -> Received:
    """Return the request that reaches the web."""
    assert proxy.get(path, **headers).status == 200
    return web.asked(path)[-1]


PLACES = [
    "/me",
    "/staff/donors",
    "/staff/sign-in/link/s3cret",
    "/stripe/webhook",
    "/c/winter/progress/stream",
    "/me/link/s3cret",
]
"""One address in each location of the configuration."""


@pytest.mark.parametrize("path", PLACES)
def test_the_readers_address_is_the_one_from_the_outermost_trusted_proxy(
    web: Upstream, proxy: Proxy, path: str
) -> None:
    """What the reader sent as well is left out, so that trusting one proxy is enough for the web."""
    chain = f"{FORGED}, {READER}, 10.0.0.2"
    assert forwarded(web, proxy, path, X_Forwarded_For=chain).headers["x-forwarded-for"] == READER


@pytest.mark.parametrize("path", PLACES)
def test_the_scheme_is_the_one_of_the_proxy_with_tls(
    web: Upstream, proxy: Proxy, path: str
) -> None:
    for sent, passed in {"https": "https", "http": "http", "ftp": "http", "": "http"}.items():
        asked = forwarded(web, proxy, path, X_Forwarded_Proto=sent)
        assert asked.headers["x-forwarded-proto"] == passed, sent


@pytest.mark.parametrize("path", PLACES)
def test_the_host_is_the_one_in_the_request_and_no_other(
    web: Upstream, proxy: Proxy, path: str
) -> None:
    sent = {"Host": "give.example.org:8443", "X_Forwarded_Host": "evil.example.org"}
    headers = forwarded(web, proxy, path, **sent).headers
    assert headers["host"] == "give.example.org:8443"
    assert "x-forwarded-host" not in headers


TRUSTED = [
    *("127.0.0.1", "127.255.255.255", "10.0.0.0", "10.255.255.255", "172.16.0.0"),
    *("172.31.255.255", "192.168.0.0", "192.168.255.255", "fd00::", "fdff::1", "::1"),
]
STRANGERS = [
    *("126.255.255.255", "128.0.0.0", "9.255.255.255", "11.0.0.0", "172.15.255.255"),
    *("172.32.0.0", "192.167.255.255", "192.169.0.0", "fc00::1", "fe00::1", "::2", "100.64.0.1"),
]


@pytest.mark.parametrize("address", TRUSTED)
def test_a_proxy_in_a_private_network_is_believed(
    web: Upstream, proxy: Proxy, address: str
) -> None:
    asked = forwarded(web, proxy, X_Forwarded_For=f"{READER}, {address}")
    assert asked.headers["x-forwarded-for"] == READER


@pytest.mark.parametrize("address", STRANGERS)
def test_nobody_else_is_believed(web: Upstream, proxy: Proxy, address: str) -> None:
    asked = forwarded(web, proxy, X_Forwarded_For=f"{FORGED}, {address}")
    assert asked.headers["x-forwarded-for"] == address


def test_connections_to_the_web_are_used_again(web: Upstream, proxy: Proxy) -> None:
    used = {forwarded(web, proxy).connection for _ in range(10)}
    assert len(used) <= 3
    assert {asked.version for asked in web.received} == {"HTTP/1.1"}
    assert all(asked.headers.get("connection", "") == "" for asked in web.asked("/me"))


def test_pages_are_compressed_on_the_way_out_only(web: Upstream, proxy: Proxy) -> None:
    text = b"The commission votes. " * 100
    kinds = ["text/html; charset=utf-8", "text/css", "text/csv", "text/javascript"]
    kinds += ["application/javascript", "application/json", "image/svg+xml"]
    for kind in kinds:
        web.answers("/packed", Answer(text, {"Content-Type": kind}))
        for via in ({}, {"Via": "1.1 cdn"}):
            reply = proxy.get("/packed", Accept_Encoding="gzip", **via)
            assert reply.headers["content-encoding"] == "gzip", kind
            assert reply.headers["vary"] == "Accept-Encoding"
            assert gzip.decompress(reply.body) == text
        assert proxy.get("/packed").body == text
    assert not any("accept-encoding" in asked.headers for asked in web.asked("/packed"))


def test_small_answers_and_images_are_not_compressed(web: Upstream, proxy: Proxy) -> None:
    web.answers("/image", Answer(b"x" * 2000, {"Content-Type": "image/png"}))
    web.answers("/small", Answer(b"x" * 999, {"Content-Type": "text/html"}))
    for path in ("/image", "/small"):
        assert "content-encoding" not in proxy.get(path, Accept_Encoding="gzip").headers


SECURITY = {
    "Strict-Transport-Security": "max-age=31536000",
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "public, max-age=60",
    "ETag": '"1"',
}


@pytest.mark.parametrize("path", ["/c/winter", "/static/site.css", *PLACES])
def test_the_webs_headers_reach_the_reader(web: Upstream, proxy: Proxy, path: str) -> None:
    for status in (200, 404, 500):
        web.answers(path, Answer(headers=SECURITY, status=status))
        for _ in range(2):  # fresh, then perhaps from the cache
            reply = proxy.get(f"{path}?{status}")
            assert reply.status == status
            assert (
                SECURITY.items()
                <= {name: reply.headers.get(name.lower()) for name in SECURITY}.items()
            )


@pytest.mark.parametrize("path", PLACES)
def test_cookies_of_signed_in_pages_reach_the_web_and_the_reader(
    web: Upstream, proxy: Proxy, path: str
) -> None:
    web.answers(path, Answer(headers={"Set-Cookie": "donor=new; Secure; HttpOnly"}))
    reply = proxy.get(path, Cookie="donor=old", Authorization="Bearer token")
    assert reply.headers["set-cookie"] == "donor=new; Secure; HttpOnly"
    asked = web.asked(path)[-1].headers
    assert (asked["cookie"], asked["authorization"]) == ("donor=old", "Bearer token")


def test_the_proxy_does_not_tell_its_version(web: Upstream, proxy: Proxy) -> None:
    web.dies("/gone")
    for path, status in {"/gone": 502, "/metrics": 404}.items():
        reply = proxy.get(path)
        assert (reply.status, reply.headers["server"]) == (status, "nginx")
        assert b"nginx/" not in reply.body


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "//metrics", "/%6detrics", "/metrics?a"])
def test_metrics_are_not_public(web: Upstream, proxy: Proxy, path: str) -> None:
    before = len(web.received)
    assert proxy.get(path).status == 404
    assert len(web.received) == before


@pytest.mark.parametrize(
    ("path", "largest"),
    [
        ("/c/winter/donate", MEBIBYTE),
        ("/stripe/webhook", MEBIBYTE),
        ("/me/link/s3cret", MEBIBYTE),
        ("/staff/offline/import", 10 * MEBIBYTE),
        ("/staff/moving-in", 48 * MEBIBYTE),
        ("/mail/events/sendgrid", 10 * MEBIBYTE),
    ],
)
def test_a_body_that_is_too_large_is_refused_before_it_reaches_the_web(
    web: Upstream, proxy: Proxy, path: str, largest: int
) -> None:
    assert proxy.post(path, b"x" * largest).status == 200
    assert len(web.asked(path)[-1].body) == largest
    before = len(web.received)
    assert refused(proxy, path, largest + 1) == 413
    assert len(web.received) == before


def refused(proxy: Proxy, path: str, length: int) -> int:
    """Announce a body without sending it, as nginx answers and closes before it reads that."""
    connection = proxy.connect()
    connection.putrequest("POST", path)
    connection.putheader("Content-Length", str(length))
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


class Stream:
    """A web server with one progress stream, whose events the test sends."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def accept(self) -> socket.socket:
        """Wait for the request and send the header."""
        self._listener.settimeout(30)
        connection, _ = self._listener.accept()
        assert connection.recv(65536).startswith(b"GET /c/winter/progress/stream HTTP/1.1\r\n")
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
            b"Cache-Control: no-cache\r\n\r\n"
        )
        return connection

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def stream() -> Iterator[Stream]:
    made = Stream()
    yield made
    made.close()


def test_each_event_of_the_stream_arrives_at_once_and_silence_does_not_end_it(
    stream: Stream, web: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Here a page may be silent for a second (`SHORT`), and a stream for as long as it may in production."""
    with (
        Proxy(tmp_path_factory.mktemp("nginx"), stream.port, SHORT) as front,
        Proxy(tmp_path_factory.mktemp("nginx"), web.port, SHORT) as pages,
    ):
        reader = front.connect()
        reader.request("GET", "/c/winter/progress/stream", headers={"Accept-Encoding": "gzip"})
        sender = stream.accept()
        got = reader.getresponse()
        assert got.headers["Content-Encoding"] is None
        sender.sendall(b"event: progress\n")
        assert got.readline() == b"event: progress\n"
        hung = threading.Event()

        def hangs(_asked: Received) -> None:
            hung.wait(60)

        web.answers("/hangs", hangs)
        assert pages.get("/hangs").status == 504, "the time of a page is over"
        assert pages.get("/hangs").status == 504
        hung.set()
        sender.sendall(b"data: 1\n")
        assert got.readline() == b"data: 1\n"
        sender.close()
        assert got.read() == b""
        reader.close()


def test_a_reader_who_leaves_the_stream_ends_it_for_the_web(
    stream: Stream, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with Proxy(tmp_path_factory.mktemp("nginx"), stream.port) as front:
        reader = http.client.HTTPConnection("127.0.0.1", front.port, timeout=60)
        reader.request("GET", "/c/winter/progress/stream")
        sender = stream.accept()
        got = reader.getresponse()
        got.close()
        reader.close()
        sender.settimeout(30)
        assert sender.recv(1) == b""
        sender.close()


LINKS = {
    "/staff/sign-in/link/s3cret": "/staff/sign-in/link/-",
    "/me/link/s3cret": "/me/link/-",
    "/me/address/s3cret": "/me/address/-",
    "/donations/s3cret": "/donations/-",
    "/donations/s3cret/finish": "/donations/-",
    "/receipts/s3cret.pdf": "/receipts/-",
    "/subscriptions/s3cret/card": "/subscriptions/-",
    "/unsubscribe/s3cret": "/unsubscribe/-",
}
"""Addresses that are secrets, and what the access log shows of them."""


def logged(proxy: Proxy, sentinel: str) -> list[str]:
    """Return the lines of the access log up to that of a last request."""
    proxy.get(sentinel)
    wait_until(lambda: sentinel in proxy.access_log())
    return proxy.access_log().splitlines()


def test_no_secret_is_in_the_logs_even_when_the_web_is_away(web: Upstream, proxy: Proxy) -> None:
    web.dies("/plain")
    seen = {"Referer": "https://give.example.org/receipts/s3cret", "Cookie": "staff=s3cret"}
    for path in LINKS:
        proxy.get(f"{path}?also=s3cret", **seen)
        proxy.post(path, b"x" * 20_000)  # large enough for a temporary file, which is a warning
        web.dies(path)
        assert proxy.get(path, **seen).status == 502
    assert proxy.get("/plain?also=s3cret", **seen).status == 502
    assert refused(proxy, "/plain/s3cret", 2 * MEBIBYTE) == 413
    lines = logged(proxy, "/after-links")
    assert not any("s3cret" in line for line in lines)
    for shown in LINKS.values():
        assert any(f" {shown} 502 " in line for line in lines), shown
    assert "s3cret" not in proxy.error_log()


def test_the_access_log_says_that_the_web_was_away(web: Upstream, proxy: Proxy) -> None:
    """The status of the web, and no seconds where it accepted no connection."""
    web.dies("/plain")
    proxy.get("/plain")
    [line] = [one for one in logged(proxy, "/after-plain") if " /plain 502 " in one][-1:]
    assert line.split()[7].startswith("502")


@pytest.mark.parametrize(
    "before", ["", "/donations", "/c/winter/confirm", "/staff/reset", "/new/x"]
)
def test_no_token_in_any_place_of_an_address_is_in_the_log(
    web: Upstream, proxy: Proxy, before: str
) -> None:
    """Also of pages that are not there yet: the log shows words and numbers only."""
    tokens = [secrets.token_urlsafe(size) for size in (12, 16, 24, 32) for _ in range(10)]
    tokens += [secrets.token_hex(16), "ABCD-EFGH-1234", "s3cret"]
    tokens += [base64.b32encode(secrets.token_bytes(20)).decode().lower() for _ in range(10)]
    for token in tokens:
        for path in (f"{before}/{token}", f"{before}/{token}/finish", f"{before}/{token}.pdf"):
            web.answers(path, Answer())
            assert proxy.get(f"{path}?again={token}").status == 200
    lines = "".join(logged(proxy, "/after-tokens"))
    assert [token for token in tokens if token in lines or token.lower() in lines] == []


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/me", "/c/nine-days-2026", "/c/winter/progress.json", "/c/winter/progress/stream"),
        *("/static/site.css", "/staff/donors/1234", "/api/v1/donations", "/mail/events/ses"),
    ],
)
def test_what_is_no_secret_is_shown(web: Upstream, proxy: Proxy, path: str) -> None:
    proxy.get(path)
    assert any(f" GET {path} 200 " in line for line in logged(proxy, "/after-open"))


def transport_security(proxy: Proxy, method: str, path: str, scheme: str) -> list[str]:
    """Return each such header of an answer."""
    connection = proxy.connect()
    connection.putrequest(method, path)
    connection.putheader("X-Forwarded-Proto", scheme)
    if method == "POST":
        connection.putheader("Content-Length", str(2 * MEBIBYTE))
    connection.endheaders()
    found = connection.getresponse().headers.get_all("Strict-Transport-Security") or []
    connection.close()
    return found


OWN = [
    ("GET", "/gone"),
    ("GET", "/metrics"),
    ("POST", "/c/winter/donate"),
    ("GET", "/staff"),
    ("POST", "/stripe/webhook"),
]


@pytest.mark.parametrize(("method", "path"), OWN)
def test_nginxs_own_answers_are_https_only_too(
    web: Upstream, proxy: Proxy, method: str, path: str
) -> None:
    """502, 404, 413 and 301. Without TLS in front, a browser is not told to use it."""
    web.dies("/gone")
    assert transport_security(proxy, method, path, "https") == ["max-age=31536000"]
    assert transport_security(proxy, method, path, "http") == []


def test_the_header_of_the_application_is_not_doubled(web: Upstream, proxy: Proxy) -> None:
    for path in ("/c/spring", "/staff/spring", "/donations/spring"):
        web.answers(path, Answer(headers=SECURITY | {"Strict-Transport-Security": "max-age=9"}))
        for _ in range(2):  # fresh, then perhaps from the cache
            assert transport_security(proxy, "GET", path, "https") == ["max-age=9"]


def test_a_redirect_of_nginx_does_not_lead_to_the_host_that_was_asked_for(
    web: Upstream, proxy: Proxy
) -> None:
    for path in ("/staff", "/mail/events"):
        reply = proxy.get(path, Host="evil.example.org")
        assert (reply.status, reply.headers["location"]) == (301, f"{path}/")


@pytest.mark.parametrize("refusal", ["gzip;q=0", "gzip;q=0.000", "identity, gzip; q=0", "br"])
def test_who_refuses_gzip_gets_the_page_as_it_is(web: Upstream, proxy: Proxy, refusal: str) -> None:
    text = b"The commission votes. " * 100
    web.answers("/plain-text", Answer(text, {"Content-Type": "text/html"}))
    reply = proxy.get("/plain-text", Accept_Encoding=refusal)
    assert ("content-encoding" in reply.headers, reply.body) == (False, text)


def test_the_access_log_shows_who_asked_for_what_and_how_it_went(
    web: Upstream, proxy: Proxy
) -> None:
    web.shares("/c/logged")
    hidden = {"Cookie": "donor=hidden", "Referer": "http://x/hidden", "User_Agent": "hidden"}
    for _ in range(2):
        proxy.get("/c/logged?q=hidden", X_Forwarded_For=READER, **hidden)
    lines = [line for line in logged(proxy, "/after-log") if "/c/logged" in line]
    assert not any("hidden" in line for line in lines)
    assert [line.split()[0] for line in lines] == [READER] * 2
    assert [line.split()[2:5] for line in lines] == [["GET", "/c/logged", "200"]] * 2
    assert [line.split()[-1] for line in lines] == ["MISS", "HIT"]


def test_what_staff_search_for_is_in_no_log(web: Upstream, proxy: Proxy) -> None:
    web.dies("/staff/donors")
    assert proxy.get("/staff/donors?q=ana@example.org").status == 502
    lines = logged(proxy, "/after-search")
    assert any(" /staff/donors 502 " in line for line in lines)
    assert "ana@" not in "".join(lines) + proxy.error_log()
