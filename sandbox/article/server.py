"""Serve the article's pages from the `pages` folder, with two placeholders filled in."""

import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template

from sandbox.start_stop import StartStopContext

PAGES = Path(__file__).parent / "pages"
LOOPBACK = "127.0.0.1"
ADDRESSES = {
    "/": "article.html",
    "/hostile": "hostile.html",
    "/newsletter": "newsletter.html",
    "/article.css": "article.css",
    "/hostile.css": "hostile.css",
    "/article.js": "article.js",
}
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


class ArticleServer(StartStopContext):
    """Serve while the block runs. `site` is the service's address without a final slash, `campaign` a slug."""

    def __init__(self, site: str, campaign: str, port: int = 0) -> None:
        self._server = _Server((LOOPBACK, port), _Handler)
        self._server.values = {"site": site, "campaign": campaign}
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """The address of the article."""
        return f"http://{LOOPBACK}:{self._server.server_port}/"

    def start(self) -> "ArticleServer":
        self._thread.start()
        return self

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    values: dict[str, str]

    @property
    def policy(self) -> str:
        """The strictest policy that a page with the embedded appeal can have."""
        site = self.values["site"]
        return (
            f"default-src 'none'; style-src 'self'; script-src 'self' {site}; connect-src {site}; img-src {site};"
            f" frame-src {site}; base-uri 'none'; form-action 'none'"
        )


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        name = ADDRESSES.get(self.path.partition("?")[0])
        if name is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        file = PAGES / name
        body = Template(file.read_text()).substitute(self.server.values).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", f"{TYPES[file.suffix]}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", self.server.policy)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Do not log requests."""
