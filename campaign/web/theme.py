"""The organization's branding on pages: the accent stylesheet, the logo, and the masthead and footer texts.

The stylesheet's address contains the colors, so its content never changes and is cached for a year. If no accent is
set, pages do not load it.
"""

import re
import threading
import time
from dataclasses import dataclass
from typing import cast

from flask import Blueprint, Response, abort, current_app, request, url_for
from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from campaign.campaigns.branding import BrandingValues, accent_pair, read_branding, read_logo
from campaign.campaigns.colors import contrast_error, text_color_on
from campaign.campaigns.logos import SVG
from campaign.core.database import Sessions
from campaign.models import Campaign
from campaign.web.context import installation

blueprint = Blueprint("theme", __name__)
log = get_logger(__name__)

FRESH = 5.0
"""Seconds for which each process caches the branding."""
_FOREVER = "public, max-age=31536000, immutable"
_COLORS = re.compile(r"([0-9a-f]{6})-([0-9a-f]{6})\Z")
_SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; script-src 'none'; sandbox"
_SHEET = """\
@media screen {{ :root {{ --accent: {light}; --accent-ink: {light_ink}; }} }}
@media screen and (prefers-color-scheme: dark) {{ :root {{ --accent: {dark}; --accent-ink: {dark_ink}; }} }}
@media (forced-colors: active) {{ :root {{ --accent: LinkText; --accent-ink: Canvas; }} }}
"""
_BOTH = """\
.seen-light {{ --accent: {light}; --accent-ink: {light_ink}; }}
.seen-dark {{ --accent: {dark}; --accent-ink: {dark_ink}; }}
"""
"""For the preview in the settings, which shows the light and the dark scheme side by side."""


class BrandingCache:
    """Cache of the branding, read again after a few seconds; if the database fails, the last known one stays."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._look = BrandingValues()
        self._until = 0.0
        self._lock = threading.Lock()

    def current(self) -> BrandingValues:
        """Return the current branding. One request at a time reads it again; the others do not wait."""
        if time.monotonic() >= self._until and self._lock.acquire(blocking=False):
            try:
                self._read()
            finally:
                self._lock.release()
        return self._look

    def _read(self) -> None:
        try:
            with self._sessions() as session:
                self._look = read_branding(session)
        except SQLAlchemyError as error:
            log.warning("branding_not_read", error=str(error))
        self._until = time.monotonic() + FRESH

    def forget(self) -> None:
        """Read the branding again on the next request, because it has just changed."""
        self._until = 0.0


@dataclass(frozen=True)
class BrandingView:
    """The branding that the layout shows. An address is '' if there is nothing to load."""

    stylesheet: str
    logo_url: str
    logo_alt: str
    masthead: str
    footer: str


def branding_cache() -> BrandingCache:
    """Return this process's branding cache."""
    return cast("BrandingCache", current_app.extensions["looks"])


def template_values() -> dict[str, BrandingView]:
    """Return the branding for every template."""
    return {"branding": branding_view()}


def branding_view() -> BrandingView:
    """Return the branding as the layout shows it."""
    look = branding_cache().current()
    return BrandingView(
        stylesheet=stylesheet_url(look.accents),
        logo_url=url_for("theme.logo", digest=look.logo_digest) if look.logo_digest else "",
        logo_alt=look.logo_alt,
        masthead=look.masthead,
        footer=look.footer,
    )


def accents_for(campaign: Campaign) -> tuple[str, str] | None:
    """Return the campaign's own accents, else the organization's, else None."""
    return (
        accent_pair(campaign.accent_light, campaign.accent_dark)
        or branding_cache().current().accents
    )


def stylesheet_url(accents: tuple[str, str] | None) -> str:
    """Return the address of the stylesheet for these accents; '' for None."""
    if accents is None:
        return ""
    light, dark = (one.removeprefix("#") for one in accents)
    version = current_app.extensions["static_version"]
    return url_for("theme.stylesheet", colors=f"{light}-{dark}", v=version)


@blueprint.get("/theme/<colors>.css")
def stylesheet(colors: str) -> Response:
    """Serve the custom properties for a light and a dark accent; 404 if the contrast is too low to read."""
    matched = _COLORS.match(colors)
    if matched is None:
        abort(404)
    light, dark = f"#{matched[1]}", f"#{matched[2]}"
    if contrast_error(light, "light") or contrast_error(dark, "dark"):
        abort(404)
    sheet = _SHEET + _BOTH if request.args.get("both") else _SHEET
    body = sheet.format(
        light=light, dark=dark, light_ink=text_color_on(light), dark_ink=text_color_on(dark)
    )
    response = Response(body, mimetype="text/css")
    response.headers["Cache-Control"] = _FOREVER
    return response


@blueprint.get("/logo/<digest>")
def logo(digest: str) -> Response:
    """Serve the logo. The sandbox policy stops an SVG opened as a document from running scripts."""
    with installation().sessions() as session:
        found = read_logo(session, digest)
    if found is None:
        abort(404)
    response = Response(found.body, content_type=found.type)
    response.set_etag(digest)
    response.headers["Cache-Control"] = _FOREVER
    response.headers["Content-Security-Policy"] = _SANDBOX
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if found.type == SVG:
        response.headers["Content-Disposition"] = 'inline; filename="logo.svg"'
    return cast("Response", response.make_conditional(request))
