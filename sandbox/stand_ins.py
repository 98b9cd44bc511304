"""Which stand-ins `./dev run` needs beside what the caller has set, and what they are called.

The caller's own variables always win, also as `NAME_FILE`.
"""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from sandbox.servers import ServerError, free_port

# An invented newsroom, so that receipts look like receipts.
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
    """What the caller's environment already answers."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def sets(self, name: str) -> bool:
        return bool(self._environment.get(name) or self._environment.get(f"{name}_FILE"))

    def value(self, name: str, default: str = "") -> str:
        """The variable, or the content of the file that `NAME_FILE` names."""
        path = self._environment.get(f"{name}_FILE")
        if not self._environment.get(name) and path:
            return Path(path).read_text().strip()
        return self._environment.get(name) or default

    @property
    def uses_other_stripe(self) -> bool:
        """A key of one's own means Stripe itself, an address another stand-in; ours rests."""
        return self.sets("STRIPE_API_BASE") or self.sets("STRIPE_SECRET_KEY")

    def check(self) -> None:
        """Refuses what could only fail later, with the sentence that says what to set."""
        if self.sets("STRIPE_SECRET_KEY") and not self.sets("STRIPE_WEBHOOK_SECRET"):
            raise ServerError(
                "STRIPE_SECRET_KEY is set, so Stripe's stand-in is not started: set"
                " STRIPE_WEBHOOK_SECRET too (`stripe listen --print-secret` prints one)"
            )


def fixed_environment(folder: Path, site_url: str) -> dict[str, str]:
    """Everything that needs no server: the newsroom, the key of this folder, the address."""
    return NEWSROOM | {
        "SECRET_KEY": secret_key(folder),
        "SITE_URL": site_url,
        "STRIPE_SECRET_KEY": STRIPE_TEST_KEY,
        "STRIPE_WEBHOOK_SECRET": STRIPE_TEST_WEBHOOK_SECRET,
    }


def secret_key(folder: Path) -> str:
    """Kept, so that links in yesterday's mails still work today."""
    path = folder / "secret_key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()


def saved_port(folder: Path, name: str) -> int:
    """The port that this folder's stand-in had last time if it is free, else a new one, noted."""
    path = folder / "ports.json"
    ports: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
    port = free_port(ports.get(name, 0))
    path.write_text(json.dumps(ports | {name: port}))
    return port
