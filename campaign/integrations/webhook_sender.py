"""Send outgoing webhooks: one POST each, signed according to Standard Webhooks. Redirects are not followed.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
Where they may go, and for how long: `campaign.core.outgoing`. What a receiver answers is read and dropped, except its
status: it may repeat a donor's name or address, which belongs in no log and no row.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from standardwebhooks import Webhook
from structlog import get_logger

from campaign.core import clock
from campaign.core.outgoing.connection import OutgoingConnection, OutgoingFailed, OutgoingRules
from campaign.core.outside_text import read_url
from campaign.integrations.deliveries import (
    DeliveryClaim,
    claim_next,
    list_due_endpoints,
    mark_delivered,
    mark_failed,
)
from campaign.runtime.context import Installation

TIMEOUT = 10.0
"""Seconds for the whole of one POST, from the name of the host to the end of the answer."""
LARGEST_ANSWER = 64 * 1024
"""Bytes that are read of an answer, so that it ends properly for most receivers."""
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
            status = post(claim, installation.settings.outgoing)
        except DeliveryFailed as error:
            with installation.sessions.begin() as session:
                mark_failed(session, claim, error.status, str(error), clock.now())
            log.warning("webhook_not_taken", id=claim.public_id, error=str(error))
            return tried + 1
        with installation.sessions.begin() as session:
            mark_delivered(session, claim, status, clock.now())
    return MOST


def post(claim: DeliveryClaim, rules: OutgoingRules) -> int:
    """POST the delivery; returns the status, which is 2xx. Raises DeliveryFailed."""
    parts = read_url(claim.url)
    if parts is None:
        raise DeliveryFailed("the address is not a URL")
    # Sorted: JSONB does not keep the order of keys, and a retry must be identical to the byte.
    body = json.dumps(claim.body, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "campaign-webhooks/1",
        **signature_headers(claim, body, clock.now()),
    }
    connection = OutgoingConnection(parts, rules)
    try:
        answer = connection.request(
            "POST", target, body.encode(), headers, seconds=TIMEOUT, most=LARGEST_ANSWER
        )
    except OutgoingFailed as error:
        raise DeliveryFailed(str(error)) from error
    finally:
        connection.close()
    if not 200 <= answer.status < 300:
        raise DeliveryFailed(f"status {answer.status}", answer.status)
    return answer.status


def signature_headers(claim: DeliveryClaim, body: str, at: datetime) -> dict[str, str]:
    """Return the three headers of the standard. `at` must be in UTC: the library assumes it."""
    return {
        "webhook-id": claim.public_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(claim.secret).sign(claim.public_id, at, body),
    }
