"""Who may open which page of the staff's room. Every staff view stands on a `staff_blueprint` and says `@needs(role)`.

The cookie belongs to `/staff` alone: elsewhere the session cannot even be written, so no public page sets a cookie.
"""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

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
from campaign.models import StaffMember, StaffRole
from campaign.runtime.context import Installation
from campaign.web.context import installation
from campaign.web.cookies import cookie_flags
from campaign.web.headers import make_private_with_forms
from campaign.web.origins import refuse_cross_site
from campaign.web.staff.auth import security

SESSION_SECRET = "key"  # noqa: S105 - the name of an entry of the cookie
PREFIX = "/staff"

_OWN_ACCOUNT = {"account", "credentials", "passkeys"}

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
_csrf = CSRFProtect()


def staff_blueprint(name: str, path: str = "", *, largest: int = 0) -> Blueprint:
    """A blueprint under `/staff` + `path`, closed to who is not signed in; forms are checked, answers kept nowhere.

    `largest`: bytes that its forms may send, where that is more than others may.
    """
    blueprint = Blueprint(name, __name__, url_prefix=PREFIX + path)
    blueprint.before_request(_require_sign_in)
    if largest:
        # Before the form is read for its token.
        blueprint.url_value_preprocessor(partial(_allow_long_forms, largest))
    return _guarded(blueprint)


def _allow_long_forms(largest: int, _endpoint: str | None, _values: dict[str, Any] | None) -> None:
    request.max_content_length = request.max_form_memory_size = largest


def open_blueprint(name: str, path: str = "") -> Blueprint:
    """The same without the sign-in: for the pages of signing in themselves."""
    return _guarded(Blueprint(name, __name__, url_prefix=PREFIX + path))


def _guarded(blueprint: Blueprint) -> Blueprint:
    blueprint.before_request(_check_form)
    blueprint.after_request(_keep_private)
    return blueprint


def needs(role: StaffRole) -> Callable[[View], View]:
    """Open a view to `role` and all who may more; the others see a page that says so (403).

    Stands under the route's decorator. `view.required_role` tells the role.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            if _must_set_up():
                flash(
                    "Your role needs a second factor: an authenticator app or a passkey. Set one up first."
                )
                return redirect(url_for("account.page"), 303)
            if not may(role):
                page = render_template(
                    "staff/sign_in/forbidden.html",
                    page_title="Your role does not open this page",
                    needed=role,
                    member=current_staff(),
                )
                return make_response(page, 403)
            return view(*args, **kwargs)

        guarded.required_role = role  # type: ignore[attr-defined] # a mark for the test of the whole matrix
        return cast("View", guarded)

    return decorate


def _must_set_up() -> bool:
    """Whether this installation wants a second factor of them, and they have none; their own account stays open."""
    found = signed_in()
    return (
        installation().settings.staff.second_factor_required
        and found is not None
        and StaffRole(found.member.role).includes(StaffRole.finance)
        and not found.second_factor
        and request.blueprint not in _OWN_ACCOUNT
    )


def signed_in() -> SignedIn | None:
    """Who asks, and from which of their sessions; None for who is not signed in."""
    if "signed_in" not in g:
        secret = session.get(SESSION_SECRET)
        g.signed_in = _resume(secret) if isinstance(secret, str) else None
    return cast("SignedIn | None", g.signed_in)


def _resume(secret: str) -> SignedIn | None:
    with installation().sessions.begin() as database:
        return find_staff_session(database, secret, clock.now())


def current_staff() -> StaffMember:
    """Who is signed in; detached, to be read. Only for views behind the sign-in."""
    found = signed_in()
    if found is None:
        raise LookupError("Nobody is signed in.")
    return found.member


def actor() -> Actor:
    """Who is signed in, as the audit log names them."""
    member = current_staff()
    return Actor(member.email, StaffRole(member.role), member.id)


def may(role: StaffRole | str) -> bool:
    """Whether who asks may do what `role` may. Also a function of the templates: `may('finance')`."""
    found = signed_in()
    return found is not None and StaffRole(found.member.role).includes(StaffRole(role))


def safe_next(target: str | None) -> str:
    """`target` if it is an address of the staff's room here, else the dashboard's."""
    home = url_for_home()
    if not target or not target.isprintable() or "\\" in target:
        return home
    parts = urlsplit(target)
    path = parts.path.removeprefix(request.script_root)
    inside = path == PREFIX or path.startswith(f"{PREFIX}/")
    if parts.scheme or parts.netloc or not inside or path.startswith(f"{PREFIX}/sign-in"):
        return home
    return target


def url_for_home() -> str:
    """Where one lands after signing in."""
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
    """Sessions under `/staff` only; everywhere else there is none, and none can be begun."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of the request, or None."""
        if request.path == PREFIX or request.path.startswith(f"{PREFIX}/"):
            return super().open_session(app, request)
        return None


def prepare(app: Flask) -> None:
    """Give `app` its session cookie, the check of forms, and the templates' `may`."""
    settings = cast("Installation", app.extensions["installation"]).settings
    security.prepare(app, settings)
    for name, flag in cookie_flags(settings).items():
        app.config[f"SESSION_COOKIE_{name.upper()}"] = flag
    app.config.update(
        SESSION_COOKIE_NAME="staff",
        SESSION_COOKIE_PATH=urlsplit(settings.site_url).path.rstrip("/") + PREFIX,
        PERMANENT_SESSION_LIFETIME=STAFF.longest,
        # Written when it changes: of two answers at once, the later would bring back what the earlier took out.
        SESSION_REFRESH_EACH_REQUEST=False,
        # The blueprints check; a token lasts as long as the session. Which site a form came from is checked apart.
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    app.session_interface = StaffCookie()
    _csrf.init_app(app)
    app.jinja_env.globals["may"] = may
    app.register_error_handler(CSRFError, _form_too_old)


def _form_too_old(_error: CSRFError) -> Response:
    page = render_template(
        "staff/sign_in/form_expired.html", page_title="This form can no longer be sent"
    )
    return make_response(page, 400)
