"""The variables that `./dev run` sets itself because the caller did not set them.

The caller's own variables always take precedence, also as `NAME_FILE`.
"""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from sandbox.servers import ServerError, free_port

# An invented newsroom, so that receipts look realistic.
NEWSROOM = {
    "MAIL_FROM": "The Harbor Ledger <giving@harborledger.example>",
    "ORG_NAME": "The Harbor Ledger",
    "ORG_EIN": "12-3456789",
    "ORG_ADDRESS": "214 Wharf Street|Astoria, OR 97103",
    "ORG_TIMEZONE": "America/Los_Angeles",
}
STRIPE_TEST_KEY = "sk_test_sandbox"
STRIPE_TEST_WEBHOOK_SECRET = "whsec_sandbox"


class CallerEnvironment:
    """The variables that the caller has set."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def sets(self, name: str) -> bool:
        return bool(self._environment.get(name) or self._environment.get(f"{name}_FILE"))

    def value(self, name: str, default: str = "") -> str:
        """Return the variable, the content of the file that `NAME_FILE` names, or `default`."""
        path = self._environment.get(f"{name}_FILE")
        if not self._environment.get(name) and path:
            return Path(path).read_text().strip()
        return self._environment.get(name) or default

    @property
    def uses_other_stripe(self) -> bool:
        """Whether the caller uses Stripe itself (a key) or another server (an address), so no sandbox is needed."""
        return self.sets("STRIPE_API_BASE") or self.sets("STRIPE_SECRET_KEY")

    def check(self) -> None:
        """Raise ServerError for settings that would fail later; the message says what to set."""
        if self.sets("STRIPE_SECRET_KEY") and not self.sets("STRIPE_WEBHOOK_SECRET"):
            raise ServerError(
                "STRIPE_SECRET_KEY is set, so the Stripe sandbox does not start: set"
                " STRIPE_WEBHOOK_SECRET too (`stripe listen --print-secret` prints one)"
            )


def fixed_environment(folder: Path, site_url: str) -> dict[str, str]:
    """Return the variables that need no server: the newsroom, this folder's secret key, the address."""
    return NEWSROOM | {
        "SECRET_KEY": secret_key(folder),
        "SITE_URL": site_url,
        "STRIPE_SECRET_KEY": STRIPE_TEST_KEY,
        "STRIPE_WEBHOOK_SECRET": STRIPE_TEST_WEBHOOK_SECRET,
    }


def secret_key(folder: Path) -> str:
    """Return this folder's key. It is saved so that links in earlier emails keep working."""
    path = folder / "secret_key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()


def saved_port(folder: Path, name: str) -> int:
    """Return the port that `name` used last time if it is free, otherwise a new one, and save it."""
    path = folder / "ports.json"
    ports: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
    port = free_port(ports.get(name, 0))
    path.write_text(json.dumps(ports | {name: port}))
    return port
