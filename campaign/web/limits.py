"""How often one person may send a form, and what a person is told apart by.

Libraries share network addresses, so one alone is never the key for giving.
"""

from flask import request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.exceptions import RequestEntityTooLarge


def typed_email() -> str:
    """The email address that was typed, in lower case, whoever typed it; '' where the form is too large to be read."""
    try:
        return request.form.get("email", "").strip().lower()[:254]
    except RequestEntityTooLarge:
        return ""


def _person() -> str:
    """The network address together with the email that was typed."""
    return f"{get_remote_address()} {typed_email()}"


limiter = Limiter(key_func=_person)

GIVING = "20 per minute; 100 per hour"
"""For one person; two hundred different people in a second are never stopped."""
SIGN_IN_LINKS = "4 per 15 minutes"
SIGN_IN_LINKS_PER_ADDRESS = "30 per hour"
"""For one-time links by email: to one address, and from one place. Staff and donors are counted apart."""
