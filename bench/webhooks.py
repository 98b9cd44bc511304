"""Stripe webhooks verified and stored, beside a posted body that is only read."""

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Iterator

from bench.figures import Figure, in_turn
from bench.load import answers_per_second
from bench.serving import SECRET, serving

EVENTS = 4000
_numbers = itertools.count(1)


def webhooks() -> Iterator[Figure]:
    """Measure signed events, each with a new id."""
    with serving() as running:
        stored, limit = in_turn(
            lambda: answers_per_second(running.port, _events()),
            lambda: answers_per_second(running.bare_port, _events()),
        )
    yield Figure("webhook: verified and stored", stored, "a body that is only read", limit)


def _events() -> list[bytes]:
    return [_request(next(_numbers)) for _ in range(EVENTS)]


def _request(number: int) -> bytes:
    moment = int(time.time())
    found = {
        "id": f"evt_{number}",
        "object": "event",
        "type": "checkout.session.completed",
        "livemode": False,
        "created": moment,
        "data": {"object": {"id": f"cs_{number}", "padding": "x" * 2500}},
    }
    body = json.dumps(found).encode()
    signed = hmac.new(SECRET.encode(), b"%d." % moment + body, hashlib.sha256).hexdigest()
    head = (
        "POST /stripe/webhook HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Stripe-Signature: t={moment},v1={signed}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
