"""Sign in with a one-time link or a password, request a link by email, sign out."""

from collections.abc import Callable

from flask import (
    Response,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_limiter.errors import RateLimitExceeded
from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, PasswordField

from campaign.audit.audit_log import record
from campaign.auth.links import LinkState, check_link, use_link
from campaign.auth.policies import STAFF, STAFF_LINK
from campaign.auth.sessions import end_session_by_id
from campaign.core import clock
from campaign.core.task_queue import OUTBOX
from campaign.runtime.context import Installation
from campaign.staff.members import find_member, subject
from campaign.staff.sign_in_emails import queue_link
from campaign.web.context import installation
from campaign.web.forms import clean
from campaign.web.limits import (
    SIGN_IN_LINKS,
    SIGN_IN_LINKS_PER_ADDRESS,
    limit_guesses,
    limit_mail,
    limiter,
)
from campaign.web.staff.auth import oidc, rate_limits
from campaign.web.staff.auth.security import verify_password
from campaign.web.staff.auth.sign_in_flow import enter, failed, redirect_after_post
from campaign.web.staff.core.access import actor, open_blueprint, safe_next, signed_in

WRONG = "The email or password is wrong."
_UNUSABLE = {
    LinkState.used: "This sign-in link has already been used. It works only once.",
    LinkState.expired: "This sign-in link has expired.",
    LinkState.closed: "This sign-in link no longer works.",
    LinkState.unknown: "We do not recognize this sign-in link. It may be incomplete.",
}

blueprint = open_blueprint("sign_in")
blueprint.register_error_handler(RateLimitExceeded, rate_limits.rate_limited)


class SignInForm(FlaskForm):
    """Email and password; the email alone to request a link."""

    class Meta:
        csrf = False

    email = EmailField()
    password = PasswordField()
    next = HiddenField()


@blueprint.get("/sign-in")
def page() -> ResponseReturnValue:
    """Show the sign-in page. `again=1`: the member is signed in and must sign in again."""
    target = request.args.get("next", "")
    if signed_in() is not None and "again" not in request.args:
        return redirect(safe_next(target))
    form = SignInForm(formdata=None, next=target)
    found = signed_in()
    if found is not None:
        form.email.data = found.member.email
    return _page(form)


@blueprint.post("/sign-in")
@limit_guesses(*rate_limits.PASSWORDS)
def by_password() -> ResponseReturnValue:
    """Sign in with a password. Every failure gets the same answer after the same time."""
    form = SignInForm()
    with installation().sessions.begin() as database:
        member = find_member(database, clean(form.email.data))
        if verify_password(member, form.password.data or "") and member is not None:
            return redirect_after_post(enter(database, member, "password", form.next.data))
        failed("password", "wrong password" if member else "unknown address", member)
    form.password.errors = [WRONG]
    return make_response(_page(form), 422)


@blueprint.post("/sign-in/link")
@limiter.limit(SIGN_IN_LINKS_PER_ADDRESS, key_func=rate_limits.network_key)
@limiter.limit(SIGN_IN_LINKS, key_func=rate_limits.typed_mailbox)
@limit_mail
def ask_for_link() -> ResponseReturnValue:
    """Email a sign-in link. Neither the answer nor its timing reveals who is on the team."""
    form = SignInForm()
    answer = redirect_after_post(url_for("sign_in.link_sent"))
    answer.call_on_close(_mailing(installation(), clean(form.email.data)))
    return answer


def _mailing(here: Installation, email: str) -> Callable[[], None]:
    """Return the function that queues the email after the response is sent."""

    def mail() -> None:
        with here.sessions.begin() as database:
            queued = queue_link(database, email, here.settings.mail_from.domain, clock.now())
        if queued:
            here.notify(OUTBOX)

    return mail


@blueprint.get("/sign-in/sent")
def link_sent() -> ResponseReturnValue:
    """Confirm the request for a link."""
    return render_template("staff/sign_in/link_sent.html", page_title="Check your email")


@blueprint.get("/sign-in/link/<secret>")
def link(secret: str) -> ResponseReturnValue:
    """Show a page with a button: email scanners follow links, and must not use them up."""
    with installation().sessions() as database:
        checked = check_link(database, STAFF_LINK, secret, clock.now())
    if checked.person is None:
        return _unusable(checked.state)
    return render_template("staff/sign_in/link.html", page_title="Sign in", member=checked.person)


@blueprint.post("/sign-in/link/<secret>")
def use(secret: str) -> ResponseReturnValue:
    """Sign in with the link, which then is used."""
    with installation().sessions.begin() as database:
        used = use_link(database, STAFF_LINK, secret, clock.now())
        if used.person is None:
            failed("link", _UNUSABLE[used.state])
            return _unusable(used.state)
        return redirect_after_post(enter(database, used.person, "link", None))


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session."""
    found = signed_in()
    if found is not None:
        with installation().sessions.begin() as database:
            end_session_by_id(database, STAFF, found.member, found.session.id, clock.now())
            record(database, actor(), "staff.signed_out", subject(found.member))
    session.clear()
    return redirect_after_post(url_for("sign_in.page"))


def _page(form: SignInForm) -> str:
    return render_template(
        "staff/sign_in/page.html",
        page_title="Sign in",
        form=form,
        again=signed_in() is not None,
        provider=oidc.is_offered(),
    )


def _unusable(state: LinkState) -> Response:
    page = render_template(
        "staff/sign_in/link_unusable.html",
        page_title="This link does not work",
        reason=_UNUSABLE[state],
    )
    return make_response(page, 410)
