"""Who may read what is for the people who run this: metrics, and the details of `/readyz`.

The view itself decides, so no spelling of the path gets round it, and a proxy's rule comes only in addition.
"""

import hmac

from flask import request

from campaign.web.context import installation
from campaign.web.site_address import ASKED_HOST, PEER, is_this_machine, names_this_machine

_FORWARDING = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP", "HTTP_CDN_LOOP", "HTTP_X_CLIENT_IP")
_FORWARDED_PREFIX = "HTTP_X_FORWARDED"


def is_inside() -> bool:
    """Return whether the request comes from this machine itself, or carries METRICS_TOKEN."""
    return _has_token() or _is_from_this_machine()


def _has_token() -> bool:
    wanted = installation().settings.metrics_token
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if not wanted or kind.lower() != "bearer":
        return False
    return hmac.compare_digest(given.strip().encode(), wanted.encode())


def _is_from_this_machine() -> bool:
    """Return whether the peer of the connection is a program on this machine that asks for itself.

    A proxy on this machine connects from the loopback address as well, for readers from everywhere. It says so in a
    header, or passes on the reader's `Host`: neither is here. What a header claims in our favor is never believed.
    """
    environ = request.environ
    if not is_this_machine(str(environ.get(PEER, ""))):
        return False
    if not names_this_machine(environ.get(ASKED_HOST, "")):
        return False
    return not any(name in _FORWARDING or name.startswith(_FORWARDED_PREFIX) for name in environ)
