"""Sign-in with the organization's identity provider (OpenID Connect), where the settings name one and the extra
`campaign[oidc]` is installed. Only existing team members can sign in, by their verified email address."""

from typing import Any, cast

from flask import current_app, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from campaign.models import StaffMember
from campaign.staff.members import find_member
from campaign.web.context import installation
from campaign.web.staff.auth.sign_in_flow import enter, failed
from campaign.web.staff.core.access import open_blueprint

try:
    from authlib.common.errors import AuthlibBaseError
    from authlib.integrations.flask_client import OAuth
    from joserfc.errors import JoseError

    from campaign.web.staff.auth.oidc_requests import client_class
except ImportError:  # the `oidc` extra is not installed
    OAuth = None

blueprint = open_blueprint("oidc", "/sign-in/provider")

_CLIENT = "staff_oidc"
_NEXT = "oidc_next"


def is_offered() -> bool:
    """Return whether a provider is configured and the extra is installed."""
    return OAuth is not None and installation().settings.staff.oidc is not None


def _provider() -> Any:
    """Return the client, created once; it fetches the provider's metadata on first use. Raises NotFound without one."""
    settings = installation().settings.staff.oidc
    if OAuth is None or settings is None:
        raise NotFound
    if _CLIENT not in current_app.extensions:
        registry = OAuth(current_app)
        current_app.extensions[_CLIENT] = registry.register(
            "staff",
            client_cls=client_class(installation().settings.outgoing),
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            server_metadata_url=f"{settings.issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid email",
                "code_challenge_method": "S256",
            },
        )
    return current_app.extensions[_CLIENT]


@blueprint.get("")
def begin() -> ResponseReturnValue:
    """Redirect to the provider, which redirects back to `callback`."""
    provider = _provider()
    session[_NEXT] = request.args.get("next", "")
    try:
        return cast(
            "ResponseReturnValue",
            provider.authorize_redirect(installation().address(url_for("oidc.callback"))),
        )
    except (AuthlibBaseError, OSError, ValueError) as error:
        return _not_in("we could not reach your organization's sign-in service", error)


@blueprint.get("/back")
def callback() -> ResponseReturnValue:
    """Sign the member in if the provider returns a verified address that is on the team."""
    provider = _provider()
    try:
        claims = provider.authorize_access_token()["userinfo"]
    except (AuthlibBaseError, JoseError, OSError, ValueError, KeyError) as error:
        return _not_in("the response from your organization's sign-in service was not valid", error)
    email = str(claims.get("email", "")) if claims.get("email_verified") is True else ""
    with installation().sessions.begin() as database:
        member = find_member(database, email) if email else None
        if member is None or not member.active:
            return _unknown(member)
        return redirect(enter(database, member, "oidc", session.get(_NEXT)))


def _unknown(member: StaffMember | None) -> ResponseReturnValue:
    failed("oidc", "not an active member, or the address is not verified", member)
    flash("Your organization's account is not on this team. Ask an admin to add you.")
    return redirect(url_for("sign_in.page"))


def _not_in(why: str, error: Exception) -> ResponseReturnValue:
    failed("oidc", f"{why}: {type(error).__name__}")
    flash(f"Sign-in failed: {why}. Try again, or sign in another way.")
    return redirect(url_for("sign_in.page"), 303)
