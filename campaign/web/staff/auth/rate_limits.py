"""Rate limits of sign-in. No lockout is permanent: each expires, and its page says when.

Wrong passwords count per email and network together and, with a higher limit, per email alone, against guesses from
many networks. A member locked out by a stranger's guesses can still sign in with a link or a passkey.
"""

import math
import time

from flask import Response, make_response, render_template
from flask_limiter.errors import RateLimitExceeded
from flask_limiter.util import get_remote_address

from campaign.web import limits
from campaign.web.staff.auth import sign_in_flow
from campaign.web.staff.core import access

PASSWORD_HERE = "10 per 15 minutes"  # noqa: S105 - a rate
PASSWORD = "50 per hour"  # noqa: S105 - a rate
CODES = "8 per 15 minutes"
PASSKEYS_HERE = "60 per 15 minutes"


def typed_email() -> str:
    """Return a key for the email in the form, from any network."""
    return f"staff {limits.typed_email()}"


def network_key() -> str:
    """Return a key for the network address of the request."""
    return f"staff {get_remote_address()}"


def email_and_network_key() -> str:
    """Return a key for the network address and the email together."""
    return f"{network_key()} {typed_email()}"


def waiting_member() -> str:
    """Return a key for the member whose second factor is pending, from any network."""
    waiting = sign_in_flow.pending_sign_in()
    return f"staff {waiting['who']}" if waiting else network_key()


def current_member_key() -> str:
    """Return a key for the signed-in member."""
    found = access.signed_in()
    return f"staff {found.member.id}" if found else network_key()


def was_rejected(response: Response) -> bool:
    """Return whether the attempt failed: only those count."""
    return response.status_code == 422


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
