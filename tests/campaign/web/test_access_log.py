"""What a real gunicorn logs with the settings that we ship, if the operator turns its access log on."""

import http.client
from pathlib import Path

from tests.support.waiting import wait_until
from tests.support.web_server import WebServer, running_gunicorn

SECRET = "s3cret-T0ken"
EVERYTHING = (
    '%(h)s "%(r)s" %(s)s %(U)s ?%(q)s "%(f)s" %(u)s %({referer}i)s %({cookie}i)s %({authorization}i)s'
    " %({raw_uri}e)s %({path_info}e)s %({query_string}e)s %({http_referer}e)s %({location}o)s"
)
ON = ("--access-logfile", "-", "--access-logformat", EVERYTHING, "--workers", "1")


def ask(server: WebServer, target: str, **headers: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", target, headers=headers)
    connection.getresponse().read()
    connection.close()


def test_no_log_line_holds_a_secret_whatever_the_format_asks_for(tmp_path: Path) -> None:
    referer = f"https://give.example.org/receipts/{SECRET}"
    with running_gunicorn(tmp_path, *ON) as server:
        for path in (
            "/receipts",
            "//donations",
            "/me/link",
            "/%75nsubscribe",
            "/staff/sign-in/link",
        ):
            for end in ("", ".pdf", "/finish", f"?code={SECRET}", "?fails=1"):
                ask(server, f"{path}/{SECRET}{end}", Referer=referer, Cookie=f"staff={SECRET}")
        ask(server, f"/c/x?token={SECRET}", Authorization=f"Bearer {SECRET}")
        ask(server, "/last")
        wait_until(lambda: "/last" in server.output())
        shown = server.output()
    assert SECRET not in shown
    assert '"GET /receipts/- HTTP/1.1" 200 /receipts/- ?- "-"' in shown
    assert "Error handling request" in shown, "what failed is logged all the same"
    assert "RuntimeError: no page at /receipts/-" in shown


def test_a_reader_cannot_say_where_the_application_begins(tmp_path: Path) -> None:
    """Gunicorn would take a header SCRIPT_NAME from a proxy on its own machine, who passes on the reader's."""
    with running_gunicorn(tmp_path, "--workers", "1") as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        for name in ("SCRIPT_NAME", "Script-Name", "PATH_INFO"):
            connection.request("GET", "/begins", headers={name: "/begins"})
            assert connection.getresponse().read() == b"('', '/begins')", name
        connection.close()
