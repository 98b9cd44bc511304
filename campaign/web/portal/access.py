"""Who has their own page open. Every view below `/me` stands on one of the two blueprints that this makes.

The cookie is there from the button behind an emailed link until “Finish and clear”, the browser's end, or the
session's own; no other page reads it. With https its name begins with `__Host-`, so no other host can set it:
https://www.rfc-editor.org/rfc/rfc6265.html with draft-ietf-httpbis-rfc6265bis, cookie name prefixes
"""

import hmac
from typing import cast

from flask import Blueprint, Response, abort, g, redirect, request, url_for
from flask_limiter.util import get_remote_address

from campaign.auth.donors import Visitor, find_donor_session, form_token
from campaign.core import clock
from campaign.web import limits
from campaign.web.context import installation
from campaign.web.cookies import cookie_flags, is_secure
from campaign.web.headers import make_private_with_forms
from campaign.web.language import requested_language, use_language
from campaign.web.origins import refuse_cross_site

SEND_LIMIT = "3 per hour"
CHANGE_LIMIT = "30 per hour"
"""Limits: one email asked for again; changes on one page."""


def public_blueprint(name: str) -> Blueprint:
    """Pages of who has not shown yet who they are: forms come from here, and nothing is kept."""
    blueprint = Blueprint(name, __name__, url_prefix="/me")
    blueprint.before_request(_only_from_here)
    blueprint.after_request(make_private_with_forms)
    return blueprint


def donor_blueprint(name: str) -> Blueprint:
    """Pages of who has; the others are sent to ask for a link. Forms carry the session's token."""
    blueprint = public_blueprint(name)
    blueprint.before_request(_require_session)
    return blueprint


def find_visitor() -> Visitor | None:
    """Who has their page open in this browser; the page speaks their language from then on."""
    if "own_page_visitor" not in g:
        secret = request.cookies.get(cookie_name(), "")
        g.own_page_visitor = _resume(secret) if secret else None
        if g.own_page_visitor is not None:
            use_language(g.own_page_visitor.donor.locale)
    return cast("Visitor | None", g.own_page_visitor)


def visitor() -> Visitor:
    """Who has their page open. Only for views behind `donor_blueprint`."""
    found = find_visitor()
    if found is None:
        raise LookupError("Nobody has this page open.")
    return found


def _resume(secret: str) -> Visitor | None:
    with installation().sessions.begin() as session:
        return find_donor_session(session, secret, clock.now())


def page_token() -> str:
    """What the forms of this page carry."""
    return form_token(visitor().secret, installation().settings.secret_key)


def set_session_cookie(response: Response, secret: str) -> Response:
    """The browser keeps `secret` until it is closed."""
    flags = cookie_flags(installation().settings)
    response.set_cookie(cookie_name(), secret, path="/", **flags)
    return response


def clear_session_cookie(response: Response) -> Response:
    """Nothing of the page is left in the browser.

    Not `"cookies"`: that would end sessions on every host of the newsroom's domain.
    https://www.w3.org/TR/clear-site-data/
    """
    flags = cookie_flags(installation().settings)
    response.delete_cookie(cookie_name(), path="/", **flags)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def cookie_name() -> str:
    """`__Host-donor` with https, else `donor`."""
    return "__Host-donor" if is_secure(installation().settings) else "donor"


def network_key() -> str:
    """Where the request comes from, for limits."""
    return f"own page {get_remote_address()}"


def email_key() -> str:
    """The address that was typed, whoever typed it, for limits."""
    return f"own page {limits.typed_email()}"


def donor_key() -> str:
    """Whose page is open, for limits."""
    found = find_visitor()
    return f"own page donor {found.donor.id}" if found else network_key()


def target_key() -> str:
    """Whose page, and what of it the address names, for limits."""
    return f"{donor_key()} {request.path[:200]}"


def _only_from_here() -> None:
    if request.method == "POST":
        refuse_cross_site()


def _require_session() -> Response | None:
    if find_visitor() is None:
        closed = "closed" if request.method == "POST" else None
        target = url_for("donor_sign_in.page", language=closed, lang=requested_language() or None)
        return cast("Response", redirect(target, 303))
    if request.method == "POST":
        given = request.form.get("csrf_token", "")
        if not hmac.compare_digest(given.encode(), page_token().encode()):
            abort(400)
    return None
