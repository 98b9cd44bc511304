"""The edges: one module connects to typed addresses, and none asks a request for our own address."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

CONNECTS = {
    "campaign/core/outgoing/connection.py": "the one place: checks, connects to what was checked, ends in time",
    "campaign/mailer/smtp.py": "the mail server of SMTP_URL",
    "campaign/mailer/transport.py": "errors of the same",
    "campaign/mailer/preflight.py": "errors of the same",
    "campaign/web/staff/auth/oidc_requests.py": "a type of the OpenID Connect library, which it sends by our rules",
}
CLIENTS = re.compile(
    r"(http\.client|urllib\.request|requests|socket|httpx|urllib3|ftplib|smtplib)(\..*)?"
)

ASKS_FOR_THE_HOST = {
    "campaign/web/site_address.py": "sets it",
    "campaign/web/origins.py": "`web.site_address` has set it",
    "campaign/web/staff/auth/webauthn.py": "the same; on a developer's machine it is the name in the browser",
}
HOST = re.compile(
    r"\b(?:request\.(?:host|host_url|url|url_root|base_url|root_url)\b|HTTP_X_FORWARDED_HOST|_external\s*=\s*True)"
)
NOT_OURS = {"campaign/web/staff/auth/oidc_requests.py": "the request is one that we send"}


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    return found


def files(*rooms: str, ends: str) -> dict[str, Path]:
    paths = [path for room in rooms for path in sorted((ROOT / room).rglob(f"*{ends}"))]
    return {str(path.relative_to(ROOT)): path for path in paths}


def test_only_known_modules_open_connections() -> None:
    found = {
        name
        for name, path in files("campaign", "workers", ends=".py").items()
        if any(CLIENTS.fullmatch(one) for one in imported(path))
    }
    assert found == set(CONNECTS)


def test_nothing_asks_a_request_for_our_own_address() -> None:
    sources = files("campaign", ends=".py") | files("templates", ends=".html")
    found = {name for name, path in sources.items() if HOST.search(path.read_text("utf-8"))}
    assert found - set(NOT_OURS) == set(ASKS_FOR_THE_HOST)
