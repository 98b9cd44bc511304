"""Access control of the staff pages. Every staff view is on a `staff_blueprint` and declares `@needs(role)`.

The session cookie is limited to `/staff`. Elsewhere the session cannot be written, so no public page sets a cookie.
"""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeVar, cast

from flask import (
    Blueprint,
    Flask,
    Request,
    Response,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import Forbidden

from campaign.audit.audit_log import Actor
from campaign.auth.policies import STAFF
from campaign.auth.staff import SignedIn, find_staff_session
from campaign.core import clock
from campaign.core.outside_text import read_our_url, read_url
from campaign.core.settings import Settings
from campaign.models import StaffMember, StaffRole
from campaign.runtime.context import Installation
from campaign.web.context import installation
from campaign.web.cookies import cookie_flags, is_secure
from campaign.web.headers import make_private_with_forms
from campaign.web.origins import refuse_cross_site
from campaign.web.staff.auth import security

SESSION_SECRET = "key"  # noqa: S105 - the name of a key in the cookie
PREFIX = "/staff"

_OWN_ACCOUNT = {"account", "credentials", "passkeys"}

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
_csrf = CSRFProtect()


def staff_blueprint(name: str, path: str = "", *, largest: int = 0) -> Blueprint:
    """Return a blueprint under `/staff` + `path` that requires sign-in, checks forms and forbids caching.

    `largest`: the most bytes that its forms may send, if that is more than the default.
    """
    blueprint = Blueprint(name, __name__, url_prefix=PREFIX + path)
    blueprint.before_request(_require_sign_in)
    if largest:
        # Before the form is parsed for its CSRF token.
        blueprint.url_value_preprocessor(partial(_allow_long_forms, largest))
    return _with_checks(blueprint)


def _allow_long_forms(largest: int, _endpoint: str | None, _values: dict[str, Any] | None) -> None:
    request.max_content_length = request.max_form_memory_size = largest


def open_blueprint(name: str, path: str = "") -> Blueprint:
    """Return the same kind of blueprint without required sign-in, for the sign-in pages."""
    return _with_checks(Blueprint(name, __name__, url_prefix=PREFIX + path))


def _with_checks(blueprint: Blueprint) -> Blueprint:
    blueprint.before_request(_check_form)
    blueprint.after_request(_keep_private)
    return blueprint


def needs(role: StaffRole) -> Callable[[View], View]:
    """Restrict a view to `role` and higher roles; other members get a 403 page that explains it.

    Place it below the route decorator. `view.required_role` is the role.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            if _must_set_up_factor():
                flash(
                    "Your role requires a second factor. Set up an authenticator app or a passkey first."
                )
                return redirect(url_for("account.page"), 303)
            if not may(role):
                page = render_template(
                    "staff/sign_in/forbidden.html",
                    page_title="You do not have access to this page",
                    needed=role,
                    member=current_staff(),
                )
                return make_response(page, 403)
            return view(*args, **kwargs)

        guarded.required_role = role  # type: ignore[attr-defined] # for the test of all roles and views
        return cast("View", guarded)

    return decorate


def _must_set_up_factor() -> bool:
    """Whether the member must still set up a required second factor. Account pages stay available without it."""
    found = signed_in()
    return (
        installation().settings.staff.second_factor_required
        and found is not None
        and StaffRole(found.member.role).includes(StaffRole.finance)
        and not found.second_factor
        and request.blueprint not in _OWN_ACCOUNT
    )


def signed_in() -> SignedIn | None:
    """Return the signed-in member and session of this request, or None."""
    if "signed_in" not in g:
        secret = session.get(SESSION_SECRET)
        g.signed_in = _find_session(secret) if isinstance(secret, str) else None
    return cast("SignedIn | None", g.signed_in)


def _find_session(secret: str) -> SignedIn | None:
    with installation().sessions.begin() as database:
        return find_staff_session(database, secret, clock.now())


def current_staff() -> StaffMember:
    """Return the signed-in member, detached and read-only. Only for views that require sign-in."""
    found = signed_in()
    if found is None:
        raise LookupError("Nobody is signed in.")
    return found.member


def actor() -> Actor:
    """Return the signed-in member as an actor for the audit log."""
    member = current_staff()
    return Actor(member.email, StaffRole(member.role), member.id)


def may(role: StaffRole | str) -> bool:
    """Whether the signed-in member has at least `role`. Also available in templates: `may('finance')`."""
    found = signed_in()
    return found is not None and StaffRole(found.member.role).includes(StaffRole(role))


def safe_next(target: str | None) -> str:
    """Return `target` if it is a staff page of this site, else the dashboard's URL."""
    home = url_for_home()
    if not target or not target.isprintable() or "\\" in target:
        return home
    parts = read_url(target)
    if parts is None:
        return home
    path = parts.path.removeprefix(request.script_root)
    inside = path == PREFIX or path.startswith(f"{PREFIX}/")
    if parts.scheme or parts.netloc or not inside or path.startswith(f"{PREFIX}/sign-in"):
        return home
    return target


def url_for_home() -> str:
    """Return the URL of the page shown after sign-in."""
    return f"{request.script_root}{PREFIX}/"


def _require_sign_in() -> Response | None:
    if signed_in() is not None:
        return None
    here = f"{request.script_root}{request.full_path}".removesuffix("?")
    wanted = here if request.method == "GET" else None
    return cast("Response", redirect(url_for("sign_in.page", next=wanted), 302))


def _check_form() -> Response | None:
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return None
    try:
        refuse_cross_site()
    except Forbidden:
        title = "This form was sent from another site"
        page = render_template("staff/sign_in/form_refused.html", page_title=title)
        return make_response(page, 403)
    _csrf.protect()
    return None


def _keep_private(response: Response) -> Response:
    make_private_with_forms(response)
    response.headers["Cache-Control"] = "private, no-store"
    return response


class StaffCookie(SecureCookieSessionInterface):
    """Sessions under `/staff` only. Elsewhere there is no session, and none can be started."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return the session of the request, or None outside `/staff`."""
        if request.path == PREFIX or request.path.startswith(f"{PREFIX}/"):
            return super().open_session(app, request)
        return None


def cookie_name(settings: Settings) -> str:
    """Return `__Secure-staff` with HTTPS, so that no page on plain http can set it; else `staff`.

    `__Host-` would need the path `/`, and the cookie is sent to staff pages only.
    https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes
    """
    return "__Secure-staff" if is_secure(settings) else "staff"


def prepare(app: Flask) -> None:
    """Set up the session cookie, CSRF protection and the template function `may` for `app`."""
    settings = cast("Installation", app.extensions["installation"]).settings
    security.prepare(app, settings)
    for name, flag in cookie_flags(settings).items():
        app.config[f"SESSION_COOKIE_{name.upper()}"] = flag
    app.config.update(
        SESSION_COOKIE_NAME=cookie_name(settings),
        SESSION_COOKIE_PATH=read_our_url(settings.site_url).path.rstrip("/") + PREFIX,
        PERMANENT_SESSION_LIFETIME=STAFF.longest,
        # Written only on change: otherwise the later of two concurrent responses restores what the earlier removed.
        SESSION_REFRESH_EACH_REQUEST=False,
        # The blueprints check tokens, which last as long as the session. The origin is checked separately.
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    app.session_interface = StaffCookie()
    _csrf.init_app(app)
    app.jinja_env.globals["may"] = may
    app.register_error_handler(CSRFError, _form_expired)


def _form_expired(_error: CSRFError) -> Response:
    page = render_template("staff/sign_in/form_expired.html", page_title="This form has expired")
    return make_response(page, 400)
