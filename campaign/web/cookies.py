"""Flags of the cookies that sign in staff and donors. Public pages set no cookies."""

from typing import TypedDict

from campaign.core.outside_text import read_our_url
from campaign.core.settings import Settings


class CookieFlags(TypedDict):
    """Attributes that keep a cookie from scripts, from other sites' forms and, on https, from plain http."""

    secure: bool
    httponly: bool
    samesite: str


def cookie_flags(settings: Settings) -> CookieFlags:
    """Return the flags for this site's cookies, as werkzeug's `set_cookie` and `delete_cookie` take them."""
    return CookieFlags(secure=is_secure(settings), httponly=True, samesite="Lax")


def is_secure(settings: Settings) -> bool:
    """Whether the site uses https."""
    return read_our_url(settings.site_url).scheme == "https"
