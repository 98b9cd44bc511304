"""Rate limits: how often one person may send a form, and the key that identifies a person.

People in a library share one network address, so for giving the address alone is never the key.
"""

from flask import request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.exceptions import RequestEntityTooLarge


def typed_email() -> str:
    """Return the typed email address in lower case; '' if the form is too large to read."""
    try:
        return request.form.get("email", "").strip().lower()[:254]
    except RequestEntityTooLarge:
        return ""


def _person() -> str:
    """Return the network address together with the typed email address."""
    return f"{get_remote_address()} {typed_email()}"


limiter = Limiter(key_func=_person)

GIVING = "20 per minute; 100 per hour"
"""Per person; two hundred different people within a second are never limited."""
SIGN_IN_LINKS = "4 per 15 minutes"
SIGN_IN_LINKS_PER_ADDRESS = "30 per hour"
"""For one-time links by email: to one email address, and from one network address. Staff and donors are counted
separately."""
