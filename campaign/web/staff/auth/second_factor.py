"""The second factor, after a link, a password or the house's provider: an app's code, a recovery code, a passkey."""

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
from campaign.web.limits import limiter
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
    """An app's code, or a recovery code."""

    class Meta:
        csrf = False

    code = StringField()


@blueprint.get("/sign-in/second-factor")
def page() -> ResponseReturnValue:
    """What is asked for."""
    with installation().sessions() as database:
        member = pending_member(database)
        if member is None:
            return redirect(url_for("sign_in.page"))
        return _page(database, member, SecondFactorForm(formdata=None))


@blueprint.post("/sign-in/second-factor")
@limiter.limit(
    rate_limits.CODES, key_func=rate_limits.waiting_member, deduct_when=rate_limits.was_rejected
)
def by_code() -> ResponseReturnValue:
    """Each code is taken once."""
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
        form.code.errors = ["This code is wrong, has expired or was used before."]
        return make_response(_page(database, member, form), 422)


@blueprint.post("/sign-in/second-factor/leave")
def leave() -> ResponseReturnValue:
    """Begin again, perhaps as someone else."""
    session.clear()
    return redirect_after_post(url_for("sign_in.page"))


def _kind(database: Session, member: StaffMember, code: str) -> str:
    """What the code is, or ''."""
    if has_authenticator(member) and verify_code(code, member.tf_totp_secret or "", member):
        return "totp"
    if not use_recovery_code(member, code):
        return ""
    who = Actor(member.email, StaffRole(member.role), member.id)
    note_recovery_code_used(database, member, who)
    flash(f"You have used a recovery code; {len(member.mf_recovery_codes or ())} are left.")
    return "recovery"


def _page(database: Session, member: StaffMember, form: SecondFactorForm) -> str:
    return render_template(
        "staff/sign_in/second_factor.html",
        page_title="One more step",
        form=form,
        email=member.email,
        authenticator=has_authenticator(member),
        passkeys=bool(list_passkeys(database, member)),
    )
