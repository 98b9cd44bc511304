"""The house's look on pages: its accent as a stylesheet of its own, its logo, its words in masthead and footer.

The stylesheet's address holds the colours, so it never changes and is kept for a year; where no accent was chosen, no
page asks for one.
"""

import re
import threading
import time
from dataclasses import dataclass
from typing import cast

from flask import Blueprint, Response, abort, current_app, request, url_for
from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from campaign.campaigns.branding import Look, accents_of, read_logo, read_look
from campaign.campaigns.colors import ink_on, weakness
from campaign.campaigns.logos import SVG
from campaign.core.database import Sessions
from campaign.models import Campaign
from campaign.web.context import installation

blueprint = Blueprint("theme", __name__)
log = get_logger(__name__)

FRESH = 5.0
"""Seconds for which the look is kept by each process."""
_FOREVER = "public, max-age=31536000, immutable"
_COLOURS = re.compile(r"([0-9a-f]{6})-([0-9a-f]{6})\Z")
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
"""For the settings' preview, which shows both papers."""


class Looks:
    """The house's look, read every few seconds at most; a dead database leaves the last known."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._look = Look()
        self._until = 0.0
        self._lock = threading.Lock()

    def current(self) -> Look:
        """The present look; one reader reads for all, and nobody waits for it."""
        if time.monotonic() >= self._until and self._lock.acquire(blocking=False):
            try:
                self._read()
            finally:
                self._lock.release()
        return self._look

    def _read(self) -> None:
        try:
            with self._sessions() as session:
                self._look = read_look(session)
        except SQLAlchemyError as error:
            log.warning("look_not_read", error=str(error))
        self._until = time.monotonic() + FRESH

    def forget(self) -> None:
        """It was changed here just now."""
        self._until = 0.0


@dataclass(frozen=True)
class HouseView:
    """What the layout shows of the house. Addresses are '' where there is nothing to fetch."""

    stylesheet: str
    logo_url: str
    logo_alt: str
    masthead: str
    footer: str


def looks() -> Looks:
    """This process's look of the house."""
    return cast("Looks", current_app.extensions["looks"])


def template_values() -> dict[str, HouseView]:
    """What every template may show of the house."""
    return {"house": house_view()}


def house_view() -> HouseView:
    """The house for the layout."""
    look = looks().current()
    return HouseView(
        stylesheet=stylesheet_url(look.accents),
        logo_url=url_for("theme.logo", digest=look.logo_digest) if look.logo_digest else "",
        logo_alt=look.logo_alt,
        masthead=look.masthead,
        footer=look.footer,
    )


def accents_for(campaign: Campaign) -> tuple[str, str] | None:
    """The campaign's own accents, else the house's, else none."""
    return accents_of(campaign.accent_light, campaign.accent_dark) or looks().current().accents


def stylesheet_url(accents: tuple[str, str] | None) -> str:
    """Where the stylesheet of these accents is; '' for none."""
    if accents is None:
        return ""
    light, dark = (one.removeprefix("#") for one in accents)
    version = current_app.extensions["static_version"]
    return url_for("theme.stylesheet", colours=f"{light}-{dark}", v=version)


@blueprint.get("/theme/<colours>.css")
def stylesheet(colours: str) -> Response:
    """The custom properties of two accents: light and dark. Colours that cannot be read are served to nobody."""
    matched = _COLOURS.match(colours)
    if matched is None:
        abort(404)
    light, dark = f"#{matched[1]}", f"#{matched[2]}"
    if weakness(light, "light") or weakness(dark, "dark"):
        abort(404)
    sheet = _SHEET + _BOTH if request.args.get("both") else _SHEET
    body = sheet.format(light=light, dark=dark, light_ink=ink_on(light), dark_ink=ink_on(dark))
    response = Response(body, mimetype="text/css")
    response.headers["Cache-Control"] = _FOREVER
    return response


@blueprint.get("/logo/<digest>")
def logo(digest: str) -> Response:
    """The logo. An SVG is a document that could run scripts if it were opened by itself: here it cannot."""
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
