"""How often one person may send the form. Libraries share addresses, so an address alone is never the key."""

from flask import request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.exceptions import RequestEntityTooLarge


def _person() -> str:
    """The network address together with the email that was typed."""
    try:
        email = request.form.get("email", "").strip().lower()
    except RequestEntityTooLarge:
        email = ""
    return f"{get_remote_address()} {email[:254]}"


limiter = Limiter(key_func=_person)

GIVING = "20 per minute; 100 per hour"
"""For one person; two hundred different people in a second are never stopped."""
