"""Tickets: a signed promise that one gift goes on to Stripe after a wait, or sooner with proof of work.

A ticket is bound to the gift's fields, so that one wait opens one session; it is accepted from a moment on, for half an
hour, and once. Which tickets were used is in the store of the rate limits. If that store fails, a ticket is accepted:
a failing protection must not stop donations, and the same gift posted again is still one donation and one session.
"""

import math
import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from structlog import get_logger

from campaign.web.limits import limiter

log = get_logger(__name__)

LIFETIME = 1800
"""Seconds for which a ticket is accepted once its wait is over."""


WAITS, WINDOW = 20, 600
"""So many gifts may go on without a proof of work in a window of so many seconds, over all donors, in their order:
patience alone is no way to test many cards. Few donors need it, because Stripe's page needs JavaScript too.
"""
NEVER = 86_400
"""Seconds of a wait for which there is no place within two windows: only a proof of work helps."""


@dataclass(frozen=True)
class GiftTicket:
    """`gift` is a hash of the gift's fields; `not_before` is a Unix time; `difficulty` 0 means that no proof helps.

    `placed`: it has its place among the gifts that go on without a proof.
    """

    id: str
    gift: str
    not_before: float
    difficulty: int
    placed: bool = False

    def seconds_left(self, at: datetime) -> float:
        """Return the seconds to wait; 0 or less if the wait is over."""
        return self.not_before - at.timestamp()


def issue_ticket(gift: str, seconds: int, difficulty: int, at: datetime) -> GiftTicket:
    """Return a new ticket for the gift with this hash, to be accepted in `seconds`."""
    return GiftTicket(secrets.token_urlsafe(12), gift, at.timestamp() + seconds, difficulty)


def place_ticket(ticket: GiftTicket, at: datetime) -> GiftTicket:
    """Return the ticket with its place among the gifts that go on without a proof: at once, or later if many do."""
    if ticket.placed or not ticket.difficulty:
        return ticket
    return replace(ticket, not_before=_place(at.timestamp()), placed=True)


def _place(now: float) -> float:
    """Return when the next free place of this window or the next one is (Unix times)."""
    window = math.floor(now / WINDOW)
    try:
        for number in (window, window + 1):
            taken = limiter.limiter.storage.incr(f"gift-waits/{number}", 3 * WINDOW)
            if taken <= WAITS:
                return max(now, number * WINDOW + (taken - 1) * WINDOW / WAITS)
    except Exception as error:  # noqa: BLE001 - whatever the store raises, it must not stop donations
        log.warning("ticket_store_failed", error=error.__class__.__name__)
        return now
    return now + NEVER


def sign_ticket(ticket: GiftTicket) -> str:
    """Return the ticket for the page's hidden field."""
    tenths = math.floor(ticket.not_before * 10)
    values = [ticket.id, ticket.gift, tenths / 10, ticket.difficulty, ticket.placed]
    return str(_serializer().dumps(values))


def read_ticket(signed: str, gift: str, at: datetime) -> GiftTicket | None:
    """Return our ticket for this very gift; None if it is forged, for another gift, or too old."""
    try:
        found = GiftTicket(*_serializer().loads(signed))
    except BadSignature:
        return None
    if found.gift != gift or found.seconds_left(at) < -LIFETIME:
        return None
    return found


def use_ticket(ticket: GiftTicket) -> bool:
    """Record that the ticket is used; False if it was used before."""
    try:
        uses = limiter.limiter.storage.incr(f"gift-ticket/{ticket.id}", 2 * LIFETIME)
    except Exception as error:  # noqa: BLE001 - whatever the store raises, it must not stop donations
        log.warning("ticket_store_failed", error=error.__class__.__name__)
        return True
    return bool(uses == 1)


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="gift ticket")
