"""Network behavior for events and requests, as Python methods. Mixed into `StripeSandbox`."""

import random
import time
from fnmatch import fnmatchcase
from typing import Any

from sandbox.stripe.api import expansion
from sandbox.stripe.control import faults
from sandbox.stripe.state import Json, copied
from sandbox.stripe.state.account import Account
from sandbox.stripe.versions import require_known
from sandbox.stripe.webhooks import modes, records
from sandbox.stripe.webhooks.deliverer import Deliverer


class NetworkControls:
    """Control event deliveries and API faults, and inspect all objects."""

    account: Account
    deliverer: Deliverer

    def deliver(self, mode: str, match: str = "*", **more: Any) -> list[Json]:
        """Set a delivery mode for events whose type matches; see `sandbox.stripe.webhooks.modes`."""
        with self.account.transaction():
            return modes.add(self.account, mode, match, **more)

    def deliver_normally(self) -> None:
        modes.clear(self.account)

    def release(self, order: str = "first", match: str = "*") -> int:
        """Send held events one after the other in order "first", "reverse" or "random"; return how many."""
        with self.account.transaction():
            found = [
                (event_id, held)
                for event_id, held in records.every_copy(self.account, frozenset(("held",)))
                if fnmatchcase(self.account.get("event", event_id)["type"], match)
            ]
            if order == "reverse":
                found.reverse()
            elif order == "random":
                random.shuffle(found)
            self.deliverer.send_in_order(found)
            return len(found)

    def redeliver(self, event_id: str) -> Json:
        """Send an event again, also one that was lost."""
        with self.account.transaction():
            event = self.account.get("event", event_id)
            records.record(self.account, event, "pending", times=1, delay=0)
        self.deliverer.wake()
        return self.event(event_id)

    def deliver_all(self, timeout: float = 60) -> None:
        """Wait until every due delivery has been attempted. Raises TimeoutError."""
        until = time.monotonic() + timeout
        while self._under_way():
            if time.monotonic() > until:
                raise TimeoutError("deliveries are still in progress")
            self.deliverer.wake()
            time.sleep(0.01)

    def _under_way(self) -> bool:
        with self.account.transaction():
            now = self.account.precise_now()
            return any(
                found["state"] != "pending" or found["next_at"] <= now
                for _, found in records.every_copy(self.account, records.OPEN)
            )

    def event(self, event_id: str) -> Json:
        with self.account.transaction():
            event = self.account.get("event", event_id)
            shown = expansion.serialize(self.account, event)
            return {**shown, "deliveries": copied(records.copies(self.account, event_id))}

    def events(self, match: str = "*") -> list[Json]:
        """Return events whose type matches, oldest first, each with `deliveries`."""
        with self.account.transaction():
            found = [obj for obj in self.account.every("event") if fnmatchcase(obj["type"], match)]
            return [self.event(obj["id"]) for obj in reversed(found)]

    def fault(self, match: str, mode: str, times: int = 1, seconds: float = 2) -> list[Json]:
        """Add a fault; see `sandbox.stripe.control.faults`."""
        return faults.add(self.account, match, mode, times, seconds)

    def clear_faults(self) -> None:
        faults.clear(self.account)

    # --- Settings of the account

    def use_version(self, version: str, endpoint: str | None = None) -> None:
        """Set the default API version of the account, or the version of the webhook endpoint with that id."""
        require_known(version)
        with self.account.transaction():
            if endpoint is None:
                self.account.set_setting("api_version", version)
            else:
                found = self.account.get("webhook_endpoint", endpoint)
                self.account.change(found, api_version=version)

    def take_permissions(self, names: list[str]) -> None:
        """Take these permissions, such as rak_invoice_read, from restricted keys; those taken before come back."""
        self.account.set_setting("missing_permissions", names)

    def set_portal(self, *, saved: bool, updates_cards: bool = True) -> None:
        """Set whether the customer portal's settings were saved, and whether donors may change their card there."""
        self.account.set_setting("portal_saved", saved)
        self.account.set_setting("portal_updates_cards", updates_cards)

    def objects(self, kind: str) -> list[Json]:
        """Return all objects of a kind, newest first."""
        with self.account.transaction():
            return [expansion.serialize(self.account, obj) for obj in self.account.every(kind)]
