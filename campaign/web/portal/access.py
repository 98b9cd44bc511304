"""Sessions of the donor page. Every view below `/me` uses one of the two blueprints that this module creates.

The button behind an emailed link sets the cookie. It lasts until “Finish and clear”, until the browser closes, or until
the session expires; no other page reads it. With HTTPS its name starts with `__Host-`, so no other host can set it:
https://www.rfc-editor.org/rfc/rfc6265.html with draft-ietf-httpbis-rfc6265bis, cookie name prefixes
"""

import hmac
from typing import cast

from flask import Blueprint, Response, abort, g, redirect, request, url_for

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
"""Rate limits for sending one email again, and for changes on one page."""


def public_blueprint(name: str) -> Blueprint:
    """Create a blueprint for pages without a session. Forms must come from this site; responses are not stored."""
    blueprint = Blueprint(name, __name__, url_prefix="/me")
    blueprint.before_request(_check_origin)
    blueprint.after_request(make_private_with_forms)
    return blueprint


def donor_blueprint(name: str) -> Blueprint:
    """Create a blueprint for pages that need a session; others redirect to the link form. Forms need its token."""
    blueprint = public_blueprint(name)
    blueprint.before_request(_require_session)
    return blueprint


def find_visitor() -> Visitor | None:
    """Return the donor who is signed in, or None; sets the page's language to the donor's."""
    if "donor_visitor" not in g:
        secret = request.cookies.get(cookie_name(), "")
        g.donor_visitor = _resume(secret) if secret else None
        if g.donor_visitor is not None:
            use_language(g.donor_visitor.donor.locale)
    return cast("Visitor | None", g.donor_visitor)


def visitor() -> Visitor:
    """Return the donor who is signed in. Only for views of `donor_blueprint`; raises LookupError elsewhere."""
    found = find_visitor()
    if found is None:
        raise LookupError("No donor is signed in.")
    return found


def _resume(secret: str) -> Visitor | None:
    with installation().sessions.begin() as session:
        return find_donor_session(session, secret, clock.now())


def page_token() -> str:
    """Return the CSRF token for this page's forms."""
    return form_token(visitor().secret, installation().settings.secret_key)


def set_session_cookie(response: Response, secret: str) -> Response:
    """Set `secret` as a session cookie, which lasts until the browser closes."""
    flags = cookie_flags(installation().settings)
    response.set_cookie(cookie_name(), secret, path="/", **flags)
    return response


def clear_session_cookie(response: Response) -> Response:
    """Clear what the browser stored from the donor page.

    The header leaves out `"cookies"`, which would end sessions on every host of the newsroom's domain.
    https://www.w3.org/TR/clear-site-data/
    """
    flags = cookie_flags(installation().settings)
    response.delete_cookie(cookie_name(), path="/", **flags)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def cookie_name() -> str:
    """Return `__Host-donor` with HTTPS, else `donor`."""
    return "__Host-donor" if is_secure(installation().settings) else "donor"


def network_key() -> str:
    """Return the rate limit key for the client's network."""
    return limits.hashed_key("donor page", limits.client_network())


def email_key() -> str:
    """Return the rate limit key for the mailbox in the form."""
    return limits.hashed_key("donor page mailbox", limits.typed_mailbox())


def donor_key() -> str:
    """Return the rate limit key for the donor who is signed in."""
    found = find_visitor()
    return limits.hashed_key("donor", str(found.donor.id)) if found else network_key()


def target_key() -> str:
    """Return the rate limit key for the donor and the path."""
    return limits.hashed_key(donor_key(), request.path)


def _check_origin() -> None:
    if request.method == "POST":
        refuse_cross_site()


def _require_session() -> Response | None:
    if find_visitor() is None:
        closed = "closed" if request.method == "POST" else None
        target = url_for("donor_sign_in.page", message=closed, lang=requested_language() or None)
        return cast("Response", redirect(target, 303))
    if request.method == "POST":
        given = request.form.get("csrf_token", "")
        if not hmac.compare_digest(given.encode(), page_token().encode()):
            abort(400)
    return None
