"""Rate limits of sign-in. No lockout is permanent: each expires, and its page says when.

Wrong passwords count per mailbox and network together and, with higher limits, per mailbox alone, against guesses from
many networks, and per network alone, against guesses for many mailboxes. A member locked out by a stranger's guesses
can still sign in with a link or a passkey.
"""

import math
import time

from flask import Response, make_response, render_template
from flask_limiter.errors import RateLimitExceeded

from campaign.web import limits
from campaign.web.staff.auth import sign_in_flow
from campaign.web.staff.core import access

PASSWORD_HERE = "10 per 15 minutes"  # noqa: S105 - a rate
PASSWORD = "50 per hour"  # noqa: S105 - a rate
CODES = "8 per 15 minutes"
FROM_ONE_NETWORK = "40 per 15 minutes"
"""Wrong passwords, and separately wrong codes, from one network: an office has one, and forgets fewer."""
FROM_ONE_NETWORK_CAREFUL = "10 per 15 minutes"
PASSKEYS_HERE = "60 per 15 minutes"


def typed_mailbox() -> str:
    """Return a key for the mailbox in the form, from any network."""
    return limits.hashed_key("staff mailbox", limits.typed_mailbox())


def network_key() -> str:
    """Return a key for the network of the request."""
    return limits.hashed_key("staff", limits.client_network())


def mailbox_and_network_key() -> str:
    """Return a key for the network and the mailbox together."""
    return limits.hashed_key("staff", limits.client_network(), limits.typed_mailbox())


def waiting_member() -> str:
    """Return a key for the member whose second factor is pending, from any network."""
    waiting = sign_in_flow.pending_sign_in()
    return limits.hashed_key("staff waiting", waiting["who"]) if waiting else network_key()


def current_member_key() -> str:
    """Return a key for the signed-in member."""
    found = access.signed_in()
    return limits.hashed_key("staff member", str(found.member.id)) if found else network_key()


PASSWORDS = (
    limits.GuessLimit(PASSWORD_HERE, mailbox_and_network_key),
    limits.GuessLimit(PASSWORD, typed_mailbox),
    limits.GuessLimit(FROM_ONE_NETWORK, network_key, FROM_ONE_NETWORK_CAREFUL),
)
SECOND_FACTORS = (
    limits.GuessLimit(CODES, waiting_member),
    limits.GuessLimit(FROM_ONE_NETWORK, network_key, FROM_ONE_NETWORK_CAREFUL),
)
OWN_PASSWORD = limits.GuessLimit(PASSWORD_HERE, current_member_key)
OWN_CODES = limits.GuessLimit(CODES, current_member_key)


def rate_limited(_error: RateLimitExceeded) -> Response:
    """Return the 429 page, which says how long to wait, with `Retry-After`."""
    limit, seconds = limits.limiter.current_limit, 900
    if limit:
        # `reset_at` is rounded up.
        left = math.ceil(limit.reset_at - time.time())
        seconds = max(1, min(left, limit.limit.get_expiry()))
    page = render_template(
        "staff/sign_in/too_many_tries.html",
        page_title="Too many tries",
        minutes=math.ceil(seconds / 60),
    )
    answer = make_response(page, 429)
    answer.headers["Retry-After"] = str(seconds)
    return answer
