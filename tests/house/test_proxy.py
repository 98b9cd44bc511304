"""The proxy's configuration in a real nginx, if installed, in front of a small web server."""

import os
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from sandbox.servers import free_port
from sandbox.servers.ports import port_is_free
from tests.support.programs import program

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.needs_program("nginx")


class Web(BaseHTTPRequestHandler):
    """Answer like the service, and count requests."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[Counter[str]] = Counter()
    read_on: ClassVar[threading.Event] = threading.Event()

    def do_GET(self) -> None:
        self.asked[self.path] += 1
        if self.path.endswith("/stream"):
            self._stream()
        else:
            kept = "no-store" if self.path == "/me" else "public, max-age=1"
            self._answer(f"{self.path} {self.headers['X-Forwarded-For']}".ljust(2000), kept)

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self._answer(str(len(self.rfile.read(length))), "no-store")

    def log_message(self, *arguments: object) -> None:
        """Log nothing."""

    def _answer(self, text: str, kept: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Cache-Control", kept)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for number in range(2):
            self.wfile.write(f"event: progress\ndata: {number}\n\n".encode())
            self.wfile.flush()
            self.read_on.wait(30)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("nginx")
    web = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    port = free_port()
    (folder / "nginx.conf").write_text(localized(folder, port, web.server_port))
    as_root = " user root;" if os.geteuid() == 0 else ""
    nginx = subprocess.Popen(
        [program("nginx"), "-c", folder / "nginx.conf", "-g", f"daemon off;{as_root}"],
        stderr=subprocess.PIPE,
    )
    while port_is_free(port) and nginx.poll() is None:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    nginx.terminate()
    _, errors = nginx.communicate(timeout=30)
    web.shutdown()
    assert nginx.returncode == 0, errors


def localized(folder: Path, port: int, web: int) -> str:
    """Return the shipped configuration with paths of this machine and without Docker's name server."""
    text = (ROOT / "deploy/nginx/nginx.conf").read_text()
    for shipped, here in {
        "/tmp/": f"{folder}/",
        "server web:8000 resolve;": f"server 127.0.0.1:{web};",
        "resolver 127.0.0.11 valid=5s;": "",
        "listen 8080": f"listen 127.0.0.1:{port}",
        "worker_processes auto": "worker_processes 1",
        "worker_rlimit_nofile 65536;": "",
        "worker_connections 16384": "worker_connections 256",
        "access_log /dev/stdout plain": f"access_log {folder}/access.log plain",
        "/var/cache/nginx": str(folder),
    }.items():
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    return text


def get(address: str, **headers: str) -> tuple[bytes, dict[str, str]]:
    request = urllib.request.Request(address, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read(), dict(answer.headers)


def test_a_public_page_is_requested_once_a_second_and_a_personal_one_each_time(
    address: str,
) -> None:
    Web.asked.clear()
    begun = time.monotonic()
    for _ in range(10):
        get(f"{address}/c/winter", Cookie="analytics=1")
        get(f"{address}/me")

    assert Web.asked["/c/winter"] <= 2 + (time.monotonic() - begun)
    assert Web.asked["/me"] == 10


def test_pages_are_compressed(address: str) -> None:
    _, headers = get(f"{address}/c/packed", **{"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"


def test_the_stream_arrives_event_by_event(address: str) -> None:
    """The server sends the second event only after the first was read."""
    Web.read_on.clear()
    with urllib.request.urlopen(f"{address}/c/winter/progress/stream", timeout=20) as answer:
        assert answer.readline() == b"event: progress\n"
        Web.read_on.set()
        assert answer.read().endswith(b"data: 1\n\n")


def test_the_readers_address_is_the_one_from_the_outermost_trusted_proxy(address: str) -> None:
    forged = {"X-Forwarded-For": "203.0.113.7, 198.51.100.9, 10.0.0.2"}
    body, _ = get(f"{address}/me", **forged)
    assert body.split()[1] == b"198.51.100.9"


def test_a_body_over_a_megabyte_is_refused_before_it_reaches_the_web(address: str) -> None:
    fits = urllib.request.Request(f"{address}/stripe/webhook", data=b"x" * 1_000_000)
    with urllib.request.urlopen(fits, timeout=30) as answer:
        assert answer.read() == b"1000000"
    large = urllib.request.Request(f"{address}/stripe/webhook", data=b"x" * 1_100_000)
    with pytest.raises(urllib.error.HTTPError, match="413"):
        urllib.request.urlopen(large, timeout=30)


def test_metrics_are_not_public(address: str) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"{address}/metrics")
