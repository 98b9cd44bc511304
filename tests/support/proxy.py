"""A real nginx with the configuration that we ship, on a port of this machine."""

import http.client
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from sandbox.servers import free_port
from tests.support.programs import program
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "deploy" / "nginx" / "nginx.conf"
needs_nginx = pytest.mark.needs_program("nginx")
ATTEMPTS = 5
SHORT = {"proxy_read_timeout 60s": "proxy_read_timeout 1s"}
"""For `changes`: the time limit of a page is a second, so that a test can exceed it."""


@dataclass(frozen=True)
class Reply:
    """An answer as a reader gets it, with the names of headers in lower case; the body is not decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def cache(self) -> str:
        """What the cache did: MISS, HIT, STALE, BYPASS …, or "" where there is none."""
        return self.headers.get("x-cache", "")


class Proxy:
    """`with Proxy(folder, web.port) as proxy: proxy.get("/c/winter")`. `changes` replaces more of the configuration."""

    def __init__(self, folder: Path, web: int, changes: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._web = web
        self._changes = changes or {}
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def __enter__(self) -> Self:
        for _ in range(ATTEMPTS):
            if self._start():
                return self
        raise AssertionError(self.error_log())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        assert self._process.wait(30) == 0, self.error_log()

    def _start(self) -> bool:
        """Return False if nginx ended, as it does when its port was taken meanwhile."""
        self.port = free_port()
        (self.folder / "nginx.conf").write_text(self._localized())
        as_root = " user root;" if os.geteuid() == 0 else ""
        self._process = subprocess.Popen(
            [
                str(program("nginx")),
                "-c",
                self.folder / "nginx.conf",
                "-g",
                f"daemon off;{as_root}",
            ],
            stderr=subprocess.DEVNULL,
        )
        # nginx writes this file once it listens.
        written = self.folder / "nginx.pid"
        ended = self._process.poll
        wait_until(lambda: ended() is not None or (written.exists() and written.read_text()))
        return self._process.poll() is None

    def _localized(self) -> str:
        """Return the shipped configuration with paths of this machine and without Docker's name server."""
        text = SHIPPED.read_text()
        for shipped, here in {
            "/tmp/": f"{self.folder}/",
            "server web:8000 resolve;": f"server 127.0.0.1:{self._web};",
            "resolver 127.0.0.11 valid=5s;": "",
            "listen 8080": f"listen 127.0.0.1:{self.port}",
            "worker_processes auto": "worker_processes 1",
            "worker_rlimit_nofile 65536;": "",
            "worker_connections 16384": "worker_connections 512",
            "/dev/stdout": f"{self.folder}/access.log",
            "/dev/stderr": f"{self.folder}/error.log",
            "/var/cache/nginx": str(self.folder),
            **self._changes,
        }.items():
            assert shipped in text, shipped
            text = text.replace(shipped, here)
        return text

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, method: str, target: str, body: bytes | None = None, **headers: str) -> Reply:
        """Send one request on a connection of its own. `X_Cache="1"` is the header `X-Cache`."""
        connection = self.connect()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, target, body, named)
            got = connection.getresponse()
            received = {name.lower(): value for name, value in got.getheaders()}
            return Reply(got.status, received, got.read())
        finally:
            connection.close()

    def get(self, target: str, **headers: str) -> Reply:
        return self.ask("GET", target, None, **headers)

    def post(self, target: str, body: bytes = b"", **headers: str) -> Reply:
        return self.ask("POST", target, body, **headers)

    def access_log(self) -> str:
        return _read(self.folder / "access.log")

    def error_log(self) -> str:
        return _read(self.folder / "error.log")


def _read(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
