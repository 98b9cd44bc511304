"""The address of this site is SITE_URL, whatever a request says: its `Host` and `X-Forwarded-Host` are anybody's claim.

Otherwise a page that a cache keeps, a redirect or a link in an email could lead to the host that an attacker named.
Flask, Werkzeug and every library read the host from the WSGI environment, so it is corrected there, once, before
any of them: https://owasp.org/www-project-web-security-testing-guide/ (WSTG-INPV-17, host header injection).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import request

from campaign.core.outside_text import read_ip, read_our_url, read_url
from campaign.web.context import installation

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ASKED_HOST = "campaign.asked_host"
PEER = "campaign.peer"
"""The keys of the environment with what the request said, and with whom the connection is."""


class SiteAddress:
    """WSGI middleware around everything else: sets host and scheme to those of SITE_URL.

    If SITE_URL is on this machine (`./dev run`), the other names of this machine, with any port, are this site too.
    """

    def __init__(self, application: "WSGIApplication", site_url: str) -> None:
        self._application = application
        parts = read_our_url(site_url)
        self._scheme = parts.scheme
        self._host = parts.netloc.rpartition("@")[2]
        self._local = is_this_machine(parts.hostname or "")

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        asked = environ.get("HTTP_HOST", "")
        environ[ASKED_HOST] = asked
        environ[PEER] = environ.get("REMOTE_ADDR", "")
        if not (self._local and names_this_machine(asked)):
            environ["HTTP_HOST"] = self._host
        environ["wsgi.url_scheme"] = self._scheme
        return self._application(environ, start_response)


def is_this_machine(host: str) -> bool:
    """Return whether a host name or address is the loopback one, also as an IPv4 address within IPv6."""
    address = read_ip(host)
    if address is None:
        return host == "localhost"
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def names_this_machine(host_header: object) -> bool:
    """Return whether the value of a `Host` header is a name of this machine, with any port."""
    parts = read_url(f"//{host_header}")
    if parts is None or parts.netloc != host_header or parts.username is not None:
        return False
    return is_this_machine(parts.hostname or "")


def site_base() -> str:
    """Return SITE_URL, or on a developer's machine the name of it that the browser uses."""
    site = installation().settings.site_url
    parts = read_our_url(site)
    return parts._replace(netloc=request.host).geturl() if request.host != parts.netloc else site
