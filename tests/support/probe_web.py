"""A WSGI application with slow and endless answers, for tests of the web server's own settings."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs

_WAITING: list[None] = []
"""One entry for each request to /gather that has arrived at this process."""


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Answer /process, /slow?seconds=, /gather?readers=, /stream and /begins; other addresses may fail."""
    query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    start_response("200 OK", [("Content-Type", "text/plain")])
    path = environ["PATH_INFO"]
    if path == "/slow":
        time.sleep(float(query["seconds"]))
    elif path == "/gather":
        _WAITING.append(None)
        while len(_WAITING) < int(query["readers"]):
            time.sleep(0.02)
    elif path == "/stream":
        return _stream()
    elif path == "/begins":
        return [repr((environ.get("SCRIPT_NAME", ""), environ["PATH_INFO"])).encode()]
    elif "fails" in query:
        raise RuntimeError(f"no page at {environ['RAW_URI']}")
    return [str(os.getpid()).encode()]


def _stream() -> Iterator[bytes]:
    while True:
        yield b": alive\n"
        time.sleep(0.1)
