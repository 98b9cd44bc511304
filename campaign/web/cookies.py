"""How every cookie that signs someone in is set: staff's and donors'. Public pages set none."""

from typing import TypedDict
from urllib.parse import urlsplit

from campaign.core.settings import Settings


class CookieFlags(TypedDict):
    """The attributes that keep a cookie from scripts, from other sites' forms, and, with https, from plain http."""

    secure: bool
    httponly: bool
    samesite: str


def cookie_flags(settings: Settings) -> CookieFlags:
    """Those of a cookie of this site, as werkzeug's `set_cookie` and `delete_cookie` take them."""
    return CookieFlags(secure=is_secure(settings), httponly=True, samesite="Lax")


def is_secure(settings: Settings) -> bool:
    """Whether the site is reached by https."""
    return urlsplit(settings.site_url).scheme == "https"
