"""Set, change and remove your own password, authenticator app and recovery codes."""

from datetime import timedelta

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_limiter.errors import RateLimitExceeded
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField

from campaign.auth.staff import has_authenticator
from campaign.core import clock
from campaign.models import StaffMember, StaffRole
from campaign.staff.passwords import set_password
from campaign.staff.second_factor import (
    has_second_factor,
    note_recovery_codes,
    remove_authenticator,
    set_authenticator,
)
from campaign.web.context import installation
from campaign.web.limits import limit_guesses
from campaign.web.staff.auth import rate_limits
from campaign.web.staff.auth.recent_sign_in import requires_recent_sign_in, signed_in_recently
from campaign.web.staff.auth.security import (
    NewAuthenticator,
    authenticator_setup,
    hash_password,
    new_authenticator_secret,
    new_recovery_codes,
    password_faults,
    verify_code,
    verify_password,
)
from campaign.web.staff.auth.sign_in_flow import keep_secret, redirect_after_post, take_secret
from campaign.web.staff.core.access import actor, current_staff, needs, signed_in, staff_blueprint

_NEW_APP, _NEW_CODES = "new_app", "new_codes"
_SETTING_UP = timedelta(minutes=30)

blueprint = staff_blueprint("credentials", "/account")
blueprint.register_error_handler(RateLimitExceeded, rate_limits.rate_limited)


class PasswordForm(FlaskForm):
    """The current password, where it is required, and the new one."""

    class Meta:
        csrf = False

    old = PasswordField()
    new = PasswordField()


class NewFactorForm(FlaskForm):
    """The code that the new app shows."""

    class Meta:
        csrf = False

    code = StringField()


@blueprint.get("/password")
@needs(StaffRole.viewer)
def password() -> ResponseReturnValue:
    """Show the form."""
    if not _old_is_asked() and not signed_in_recently():
        return redirect(url_for("sign_in.page", again=1, next=url_for("credentials.password")), 303)
    return _password_page(PasswordForm(formdata=None))


@blueprint.post("/password")
@needs(StaffRole.viewer)
@limit_guesses(rate_limits.OWN_PASSWORD)
def change_password() -> ResponseReturnValue:
    """Save a new password. Requires the current one, or a recent sign-in by another method."""
    form, found = PasswordForm(), signed_in()
    if not _old_is_asked() and not signed_in_recently():
        return redirect(url_for("sign_in.page", again=1, next=url_for("credentials.password")), 303)
    if not _password_holds(form):
        return make_response(_password_page(form), 422)
    password_hash = hash_password(form.new.data or "")
    with installation().sessions.begin() as database:
        member = database.get_one(StaffMember, current_staff().id)
        here = found.session.id if found else None
        set_password(database, member, password_hash, actor(), clock.now(), session_id=here)
    flash("Password saved. All your other sessions have ended.")
    return redirect_after_post(url_for("account.page"))


def _password_holds(form: PasswordForm) -> bool:
    member, organization = current_staff(), installation().settings.organization
    if _old_is_asked() and not verify_password(member, form.old.data or ""):
        form.old.errors = ["This is not your current password."]
        return False
    faults = password_faults(form.new.data or "", (member.email, member.name, organization.name))
    form.new.errors = faults
    return not faults


def _old_is_asked() -> bool:
    """Return whether the current password is required.

    Not from members without one, nor after a recent sign-in by another method: they may have forgotten it.
    """
    found = signed_in()
    if found is None or found.member.password is None:
        return False
    return found.session.method.startswith("password") or not signed_in_recently()


def _password_page(form: PasswordForm) -> str:
    return render_template(
        "staff/account/password.html",
        page_title="Your password",
        form=form,
        old=_old_is_asked(),
        email=current_staff().email,
    )


@blueprint.get("/authenticator")
@needs(StaffRole.viewer)
@requires_recent_sign_in
def authenticator() -> ResponseReturnValue:
    """Show a new app's secret. The current app stays valid until the new one has shown its first code."""
    secret = take_secret(_NEW_APP) or new_authenticator_secret()
    return _authenticator_page(NewFactorForm(formdata=None), secret)


@blueprint.post("/authenticator")
@needs(StaffRole.viewer)
@limit_guesses(rate_limits.OWN_CODES)
@requires_recent_sign_in
def confirm_authenticator() -> ResponseReturnValue:
    """Save the new app once its code is correct."""
    form, secret, pending = NewFactorForm(), take_secret(_NEW_APP), NewAuthenticator()
    if secret is None:
        return redirect_after_post(url_for("credentials.authenticator"))
    if not verify_code(form.code.data or "", secret, pending):
        form.code.errors = [
            "This is not the app's current code. Check that your phone's clock is right."
        ]
        return make_response(_authenticator_page(form, secret), 422)
    with installation().sessions.begin() as database:
        member = database.get_one(StaffMember, current_staff().id)
        set_authenticator(database, member, secret, pending.tf_totp_counter, actor())
    flash("Authenticator app set up. You will enter its code each time you sign in.")
    return redirect_after_post(url_for("account.page"))


def _authenticator_page(form: NewFactorForm, secret: str) -> str:
    with installation().sessions.begin() as database:
        keep_secret(database, _NEW_APP, secret, _SETTING_UP)
    return render_template(
        "staff/account/authenticator.html",
        page_title="Authenticator app",
        form=form,
        setup=authenticator_setup(secret, current_staff()),
        replaces=has_authenticator(current_staff()),
    )


@blueprint.post("/authenticator/remove")
@needs(StaffRole.viewer)
@requires_recent_sign_in
def forget_authenticator() -> ResponseReturnValue:
    """Remove the authenticator app."""
    with installation().sessions.begin() as database:
        member = database.get_one(StaffMember, current_staff().id)
        if remove_authenticator(database, member, actor()):
            flash("Authenticator app removed.")
    return redirect_after_post(url_for("account.page"))


@blueprint.post("/recovery-codes")
@needs(StaffRole.viewer)
@requires_recent_sign_in
def make_recovery_codes() -> ResponseReturnValue:
    """Generate new recovery codes, which replace the old ones."""
    with installation().sessions.begin() as database:
        member = database.get_one(StaffMember, current_staff().id)
        if not has_second_factor(database, member):
            flash("Set up an authenticator app or a passkey first.")
            return redirect_after_post(url_for("account.page"))
        codes = new_recovery_codes(member)
        note_recovery_codes(database, member, actor())
        keep_secret(database, _NEW_CODES, codes, _SETTING_UP)
    return redirect_after_post(url_for("credentials.recovery_codes"))


@blueprint.get("/recovery-codes")
@needs(StaffRole.viewer)
def recovery_codes() -> ResponseReturnValue:
    """Show the new recovery codes, once."""
    codes = take_secret(_NEW_CODES)
    if not codes:
        return redirect(url_for("account.page"))
    return render_template(
        "staff/account/recovery_codes.html", page_title="Recovery codes", codes=codes
    )
