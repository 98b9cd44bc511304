"""Check the second factor after a link, a password or the identity provider: an app's code or a recovery code.

Passkeys as a second factor are in `passkeys`."""

from flask import flash, make_response, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_limiter.errors import RateLimitExceeded
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import StringField

from campaign.audit.audit_log import Actor
from campaign.auth.staff import has_authenticator
from campaign.models import StaffMember, StaffRole
from campaign.staff.passkeys import list_passkeys
from campaign.staff.second_factor import note_recovery_code_used
from campaign.web.context import installation
from campaign.web.limits import limit_guesses
from campaign.web.staff.auth import rate_limits
from campaign.web.staff.auth.security import use_recovery_code, verify_code
from campaign.web.staff.auth.sign_in_flow import (
    complete,
    failed,
    pending_member,
    pending_sign_in,
    redirect_after_post,
)
from campaign.web.staff.core.access import open_blueprint

blueprint = open_blueprint("second_factor")
blueprint.register_error_handler(RateLimitExceeded, rate_limits.rate_limited)


class SecondFactorForm(FlaskForm):
    """A code from the authenticator app, or a recovery code."""

    class Meta:
        csrf = False

    code = StringField()


@blueprint.get("/sign-in/second-factor")
def page() -> ResponseReturnValue:
    """Show the form for the second factor."""
    with installation().sessions() as database:
        member = pending_member(database)
        if member is None:
            return redirect(url_for("sign_in.page"))
        return _page(database, member, SecondFactorForm(formdata=None))


@blueprint.post("/sign-in/second-factor")
@limit_guesses(*rate_limits.SECOND_FACTORS)
def by_code() -> ResponseReturnValue:
    """Complete the sign-in with a code. Each code works once."""
    form = SecondFactorForm()
    with installation().sessions.begin() as database:
        member, waiting = pending_member(database, lock=True), pending_sign_in()
        if member is None or waiting is None:
            return redirect_after_post(url_for("sign_in.page"))
        kind = _kind(database, member, form.code.data or "")
        if kind:
            return redirect_after_post(
                complete(database, member, f"{waiting['method']}+{kind}", waiting["next"])
            )
        failed("second factor", "wrong code", member)
        form.code.errors = ["This code is wrong, has expired or has already been used."]
        return make_response(_page(database, member, form), 422)


@blueprint.post("/sign-in/second-factor/leave")
def leave() -> ResponseReturnValue:
    """Drop the pending sign-in and start over."""
    session.clear()
    return redirect_after_post(url_for("sign_in.page"))


def _kind(database: Session, member: StaffMember, code: str) -> str:
    """Return `totp` or `recovery` for a valid code, else ''. Uses the code up."""
    if has_authenticator(member) and verify_code(code, member.tf_totp_secret or "", member):
        return "totp"
    if not use_recovery_code(member, code):
        return ""
    who = Actor(member.email, StaffRole(member.role), member.id)
    note_recovery_code_used(database, member, who)
    flash(f"You used a recovery code. Codes left: {len(member.mf_recovery_codes or ())}.")
    return "recovery"


def _page(database: Session, member: StaffMember, form: SecondFactorForm) -> str:
    return render_template(
        "staff/sign_in/second_factor.html",
        page_title="Second factor",
        form=form,
        email=member.email,
        authenticator=has_authenticator(member),
        passkeys=bool(list_passkeys(database, member)),
    )
