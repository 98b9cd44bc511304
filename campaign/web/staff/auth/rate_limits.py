"""How often signing in may be tried. No lock is permanent: each ends by itself, and says when.

Wrong passwords count by address and network together and, more generously, by address alone, against guesses from
many networks. Whoever is locked out of their password by a stranger still enters by a link or a passkey.
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
    """The address that was typed, whoever typed it."""
    return f"staff {limits.typed_email()}"


def network_key() -> str:
    """Where the request comes from."""
    return f"staff {get_remote_address()}"


def email_and_network_key() -> str:
    """Both together."""
    return f"{network_key()} {typed_email()}"


def waiting_member() -> str:
    """Whose second factor is asked for, from wherever."""
    waiting = sign_in_flow.pending_sign_in()
    return f"staff {waiting['who']}" if waiting else network_key()


def current_member_key() -> str:
    """Whoever is signed in, for what they try inside."""
    found = access.signed_in()
    return f"staff {found.member.id}" if found else network_key()


def was_rejected(response: Response) -> bool:
    """Only what was wrong counts."""
    return response.status_code == 422


def rate_limited(_error: RateLimitExceeded) -> Response:
    """A page that says how long to wait."""
    limit, seconds = limits.limiter.current_limit, 900
    if limit:
        # The moment that it names is rounded up.
        left = math.ceil(limit.reset_at - time.time())
        seconds = max(1, min(left, limit.limit.get_expiry()))
    page = render_template(
        "staff/sign_in/too_many_tries.html",
        page_title="That was too often",
        minutes=math.ceil(seconds / 60),
    )
    answer = make_response(page, 429)
    answer.headers["Retry-After"] = str(seconds)
    return answer
