"""The rooms where a silent fault costs money or trust, and the tests that answer for each.

A room's score is held apart, so that a well-tested room cannot hide a neglected one.
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Room:
    """Patterns of the modules to mutate, and the tests to run; both relative to the project's root."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]

    def paths(self, root: Path) -> list[Path]:
        """Return the modules, relative to `root`. Raise ValueError for a pattern that matches nothing."""
        found: list[Path] = []
        for pattern in self.modules:
            matching = sorted(root.glob(pattern))
            if not matching:
                raise ValueError(f"no module matches {pattern}; correct tests/mutation/rooms.py")
            found += [each.relative_to(root) for each in matching if each.name != "__init__.py"]
        return list(dict.fromkeys(found))


_HERE = "tests/campaign"

ROOMS = {
    "money": Room(
        ("campaign/core/money.py", "campaign/core/csv_cells.py"),
        (f"{_HERE}/core", f"{_HERE}/offline/test_entry_parsing.py"),
    ),
    "clock": Room(("campaign/core/clock.py", "campaign/core/claims.py"), (f"{_HERE}/core",)),
    "campaigns": Room(
        (
            "campaign/campaigns/progress.py",
            "campaign/campaigns/schedule.py",
            "campaign/campaigns/matching_gifts.py",
            "campaign/campaigns/finalization.py",
            "campaign/campaigns/extensions.py",
            "campaign/campaigns/milestones.py",
            "campaign/campaigns/status_changes.py",
        ),
        (f"{_HERE}/campaigns",),
    ),
    "gateway": Room(("campaign/gateway/*.py",), (f"{_HERE}/gateway",)),
    "ledger": Room(
        ("campaign/ledger/*.py", "campaign/donations/*.py"),
        (f"{_HERE}/ledger", f"{_HERE}/donations"),
    ),
    "refunds": Room(("campaign/refunds/*.py",), (f"{_HERE}/refunds",)),
    "events": Room(
        ("campaign/stripe_events/*.py", "campaign/subscriptions/*.py"),
        (f"{_HERE}/stripe_events", f"{_HERE}/subscriptions"),
    ),
    "reconciliation": Room(("campaign/reconciliation/*.py",), (f"{_HERE}/reconciliation",)),
    "receipts": Room(("campaign/receipts/*.py",), (f"{_HERE}/receipts",)),
    "offline": Room(("campaign/offline/*.py",), (f"{_HERE}/offline",)),
    "outreach": Room(("campaign/outreach/*.py",), (f"{_HERE}/outreach",)),
    "mail": Room(
        ("campaign/mailer/*.py", "campaign/emails/bulk*.py", "campaign/emails/delivery.py"),
        (f"{_HERE}/mailer", f"{_HERE}/emails"),
    ),
    "access": Room(
        (
            "campaign/auth/*.py",
            "campaign/staff/*.py",
            "campaign/web/staff/core/access.py",
            "campaign/web/limits.py",
            "campaign/web/origins.py",
            "campaign/web/cookies.py",
            "campaign/web/headers.py",
        ),
        (
            f"{_HERE}/auth",
            f"{_HERE}/staff",
            f"{_HERE}/web/staff/core",
            f"{_HERE}/web/staff/auth",
            f"{_HERE}/web/test_app.py",
            f"{_HERE}/web/test_cookies.py",
            f"{_HERE}/web/test_headers.py",
            f"{_HERE}/web/test_limits.py",
            f"{_HERE}/web/test_origins.py",
        ),
    ),
    "privacy": Room(("campaign/privacy/*.py",), (f"{_HERE}/privacy",)),
    "reporting": Room(("campaign/reporting/*.py",), (f"{_HERE}/reporting",)),
    "backup": Room(("campaign/backup/*.py",), (f"{_HERE}/backup",)),
    "integrations": Room(("campaign/integrations/*.py",), (f"{_HERE}/integrations",)),
    "workers": Room(("workers/*.py", "campaign/audit/*.py"), ("tests/workers", f"{_HERE}/audit")),
}
