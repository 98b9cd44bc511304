"""Threads that send due deliveries to their endpoints. The server starts and stops them.

https://docs.stripe.com/webhooks
"""

import hashlib
import hmac
import http.client
import json
import queue
import random
import threading
import time
import urllib.parse

from sandbox.stripe.api import expansion
from sandbox.stripe.state import Json, copied
from sandbox.stripe.state.account import Account
from sandbox.stripe.versions import reword
from sandbox.stripe.webhooks import modes, records


def signature_header(body: bytes, secret: str, timestamp: int) -> str:
    signed = hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={signed}"


WORKERS = 4
TIMEOUT = 10
BATCH_PAUSE_SECONDS = 0.25
"""Real seconds without a new event after which a batch is reordered and sent."""

Job = list[tuple[str, Json]]


class Deliverer:
    """Send webhooks with several workers, so that, as with Stripe, their order is likely but not guaranteed."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._jobs: queue.Queue[Job | None] = queue.Queue()
        self._wake = threading.Event()
        self._stopped = False
        self._last_batched = 0.0
        account.on_events = self._record_events
        with account.transaction():
            records.resume_interrupted(account)

    def start(self) -> None:
        for target in [self._dispatch, *[self._work] * WORKERS]:
            threading.Thread(target=target, daemon=True, name="stripe-webhooks").start()

    def stop(self) -> None:
        self._stopped = True
        self._wake.set()
        for _ in range(WORKERS):
            self._jobs.put(None)

    def wake(self) -> None:
        """Check for due deliveries now, because the clock was moved or deliveries were released."""
        self._wake.set()

    def send_in_order(self, job: Job) -> None:
        """Send these one after the other. Call this inside a transaction."""
        if job:
            self._jobs.put(self._sending(job))

    def _record_events(self, events: list[Json]) -> None:
        """Record the deliveries of new events, inside the transaction that created the events."""
        for event in events:
            modes.enter(self._account, event)
        self._last_batched = time.monotonic()
        self._wake.set()

    # --- Dispatching

    def _dispatch(self) -> None:
        while not self._stopped:
            self._wake.clear()
            with self._account.transaction():
                jobs, pause = self._due()
            for job in jobs:
                self._jobs.put(job)
            self._wake.wait(pause)

    def _due(self) -> tuple[list[Job], float]:
        """Return the deliveries to send now, and the seconds until the next ones may be due."""
        now, pause, jobs = self._account.precise_now(), 1.0, []
        found = list(records.every_copy(self._account, frozenset(("pending", "batched"))))
        for event_id, copy in found:
            if copy["state"] == "batched":
                continue
            if copy["next_at"] <= now:
                jobs.append(self._sending([(event_id, copy)]))
            else:
                pause = min(pause, max(copy["next_at"] - now, 0.01))
        batched = [(event_id, copy) for event_id, copy in found if copy["state"] == "batched"]
        if batched:
            quiet = time.monotonic() - self._last_batched
            if quiet >= BATCH_PAUSE_SECONDS:
                jobs.append(self._sending(self._reordered(batched)))
            else:
                pause = min(pause, BATCH_PAUSE_SECONDS - quiet + 0.01)
        return jobs, pause

    def _sending(self, job: Job) -> Job:
        for event_id, copy in job:
            copy["state"] = "sending"
            records.save(self._account, event_id, records.copies(self._account, event_id))
        return job

    def _reordered(self, job: Job) -> Job:
        if self._account.notes(job[-1][0]).get("batch") == "reorder":
            return random.sample(job, len(job))
        return job[::-1]

    # --- Sending

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None and not self._stopped:
            for event_id, copy in job:
                self._deliver(event_id, copy)

    def _deliver(self, event_id: str, copy: Json) -> None:
        account = self._account
        with account.transaction():
            endpoint = account.find(copy["endpoint"], "webhook_endpoint")
            event = account.find(event_id, "event")
            if endpoint is None or event is None:
                copy["state"] = "failed"
                return
            body = json.dumps(self._worded(event, endpoint)).encode()
            secret = account.notes(endpoint["id"])["secret"]
        status, error = post(endpoint["url"], body, secret)
        if self._stopped:
            return
        with account.transaction():
            if account.find(event_id):
                records.record_attempt(account, event_id, copy, status, error)
        if copy["state"] == "pending":
            self._wake.set()

    def _worded(self, event: Json, endpoint: Json) -> Json:
        """Return the event in the endpoint's version, or in the account's: https://docs.stripe.com/webhooks/versioning."""
        version = endpoint["api_version"] or self._account.api_version
        sent = {**expansion.serialize(self._account, event), "api_version": version}
        data = copied(event["data"])
        reword(self._account, data["object"], version)
        return {**sent, "data": data}


def post(url: str, body: bytes, secret: str) -> tuple[int, str | None]:
    """Send a webhook and return (status, error). Status 0 means no response. Redirects are not followed.

    The signature contains the real time even if the sandbox's clock was moved, because receivers
    compare it with their own clock.
    """
    parts = urllib.parse.urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT)
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": signature_header(body, secret, int(time.time())),
        "User-Agent": "Stripe/1.0 (sandbox)",
        "Accept": "*/*",
        "Connection": "close",
    }
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, headers)
        answer = connection.getresponse()
        answer.read(65_536)
    except (OSError, http.client.HTTPException) as error:
        return 0, f"{type(error).__name__}: {error}"
    else:
        return answer.status, None
    finally:
        connection.close()
