"""The unsubscribe page linked from every campaign email, and one-click unsubscribing by mail programs (RFC 8058).

A GET changes nothing, because scanners follow links. A POST needs no cookie, sign-in or form token, is accepted from
any origin, returns 200 and can be repeated: https://www.rfc-editor.org/rfc/rfc8058#section-3.1
"""

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge

from campaign.outreach import unsubscribe
from campaign.web.appeal.page_content import campaign_title
from campaign.web.context import installation
from campaign.web.headers import make_private
from campaign.web.language import page_language, use_language

blueprint = Blueprint("unsubscribe", __name__)

_VERBS = {
    "all": unsubscribe.stop_all,
    "campaign": unsubscribe.stop_campaign,
    "undo": unsubscribe.undo,
}


@blueprint.get("/unsubscribe/<token>")
def page(token: str) -> Response:
    """Show the current preferences and the buttons."""
    return _page(token, done="")


@blueprint.post("/unsubscribe/<token>")
def change(token: str) -> Response:
    """Save the preference. One click and unreadable requests stop all campaign emails: that is why people post here."""
    try:
        scope = request.form.get("scope", "all")
    except RequestEntityTooLarge:
        scope = "all"
    verb = _VERBS.get(scope, unsubscribe.stop_all)
    with installation().sessions.begin() as session:
        verb(session, token)
    return _page(token, done="undo" if scope == "undo" else "stop")


def _page(token: str, *, done: str) -> Response:
    with installation().sessions() as session:
        standing = unsubscribe.get_preferences(session, token)
        use_language(standing.locale)
        page = render_template(
            "public/unsubscribe.html",
            page_title=page_language().gettext("Campaign emails"),
            standing=standing,
            campaign=campaign_title(standing.campaign) if standing.campaign else "",
            address=mask_email(standing.email),
            done=done,
        )
    return make_private(make_response(page))


def mask_email(email: str) -> str:
    """Mask an address as `j…@example.org`: its owner recognizes it, but someone with a forwarded link learns little."""
    name, _, domain = email.rpartition("@")
    return f"{name[:1]}…@{domain}" if name else ""
