"""Send outgoing webhooks: one POST each, signed according to Standard Webhooks. Redirects are not followed.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import http.client
import ipaddress
import json
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from standardwebhooks import Webhook
from structlog import get_logger

from campaign.core import clock
from campaign.integrations.deliveries import (
    LONGEST_ERROR,
    DeliveryClaim,
    claim_next,
    list_due_endpoints,
    mark_delivered,
    mark_failed,
)
from campaign.runtime.context import Installation

TIMEOUT = 5.0
"""Seconds for each step of one POST."""
AT_ONCE = 8
"""Endpoints served in parallel."""
MOST = 50
"""Deliveries to one endpoint per run, so that a slow endpoint does not prolong it."""

log = get_logger(__name__)


class DeliveryFailed(Exception):
    """The endpoint did not accept the delivery; `status` is None if there was no response."""

    def __init__(self, words: str, status: int | None = None) -> None:
        super().__init__(words)
        self.status = status


def send_due(installation: Installation) -> int:
    """Send what is due, each endpoint separately; returns the number of attempts."""
    with installation.sessions() as session:
        waiting = list_due_endpoints(session, clock.now())
    if not waiting:
        return 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(lambda endpoint_id: _serve(installation, endpoint_id), waiting))


def _serve(installation: Installation, endpoint_id: int) -> int:
    """Send to one endpoint until nothing is due or an attempt fails; returns the number of attempts."""
    for tried in range(MOST):
        with installation.sessions.begin() as session:
            claim = claim_next(session, endpoint_id, clock.now())
        if claim is None:
            return tried
        try:
            status = post(claim, livemode=installation.settings.livemode)
        except DeliveryFailed as error:
            with installation.sessions.begin() as session:
                mark_failed(session, claim, error.status, str(error), clock.now())
            log.warning("webhook_not_taken", id=claim.public_id, error=str(error))
            return tried + 1
        with installation.sessions.begin() as session:
            mark_delivered(session, claim, status, clock.now())
    return MOST


def post(claim: DeliveryClaim, *, livemode: bool) -> int:
    """POST the delivery; returns the status, which is 2xx. Raises Undeliverable."""
    parts = urlsplit(claim.url)
    # Sorted: JSONB does not keep the order of keys, and a retry must be identical to the byte.
    body = json.dumps(claim.body, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "campaign-webhooks/1",
        **signature_headers(claim, body, clock.now()),
    }
    try:
        connection = _connection(parts.scheme, parts.hostname or "", parts.port, livemode=livemode)
        try:
            connection.request("POST", target, body.encode(), headers)
            answer = connection.getresponse()
            text = answer.read(LONGEST_ERROR).decode("utf-8", "replace")
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise DeliveryFailed(f"{type(error).__name__}: {error}") from error
    if not 200 <= answer.status < 300:
        raise DeliveryFailed(f"status {answer.status}: {text.strip()}", answer.status)
    return answer.status


def signature_headers(claim: DeliveryClaim, body: str, at: datetime) -> dict[str, str]:
    """Return the three headers of the standard. `at` must be in UTC: the library assumes it."""
    return {
        "webhook-id": claim.public_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(claim.secret).sign(claim.public_id, at, body),
    }


def _connection(
    scheme: str, host: str, port: int | None, *, livemode: bool
) -> http.client.HTTPConnection:
    """Connect to a checked address of `host`; in live mode, private networks are not allowed (Undeliverable)."""
    port = port or (443 if scheme == "https" else 80)
    found: list[Any] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [one[4] for one in found]
    if livemode and not all(ipaddress.ip_address(one[0]).is_global for one in addresses):
        raise DeliveryFailed(f"{host} is in a private network.")
    channel = socket.create_connection(addresses[0][:2], TIMEOUT)
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    if scheme == "https":
        channel = ssl.create_default_context().wrap_socket(channel, server_hostname=host)
    connection.sock = channel
    return connection
