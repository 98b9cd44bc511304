"""The account page of a staff member: name, sign-in methods and sessions."""

import re

from flask import flash, make_response, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import StringField

from campaign.audit.audit_log import record
from campaign.auth.policies import STAFF
from campaign.auth.sessions import end_session_by_id, end_sessions
from campaign.auth.staff import has_authenticator, list_staff_sessions
from campaign.core import clock
from campaign.models import StaffMember, StaffRole
from campaign.staff.members import LONGEST_NAME, rename, subject
from campaign.staff.passkeys import list_passkeys
from campaign.web.context import installation
from campaign.web.forms import clean
from campaign.web.staff.auth.sign_in_flow import redirect_after_post
from campaign.web.staff.core.access import actor, current_staff, needs, signed_in, staff_blueprint

blueprint = staff_blueprint("account", "/account")

_BROWSERS = (
    ("Edge", r"Edg[eA]?/"),
    ("Opera", r"OPR/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/|Chromium/"),
    ("Safari", r"Safari/"),
)
_SYSTEMS = (
    ("iPhone or iPad", r"iPhone|iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux|X11"),
)


class AccountNameForm(FlaskForm):
    """The name field."""

    class Meta:
        csrf = False

    name = StringField()


@blueprint.get("")
@needs(StaffRole.viewer)
def page() -> ResponseReturnValue:
    """Show the account page."""
    return _page(AccountNameForm(formdata=None, name=current_staff().name))


@blueprint.post("/name")
@needs(StaffRole.viewer)
def name() -> ResponseReturnValue:
    """Save a new name."""
    form = AccountNameForm()
    wanted = clean(form.name.data)
    if len(wanted) > LONGEST_NAME:
        form.name.errors = [f"Use at most {LONGEST_NAME} characters."]
        return make_response(_page(form), 422)
    with installation().sessions.begin() as database:
        rename(database, database.get_one(StaffMember, current_staff().id), wanted, actor())
    flash("Name saved.")
    return redirect_after_post(url_for("account.page"))


@blueprint.post("/sessions/<int:session_id>/end")
@needs(StaffRole.viewer)
def end(session_id: int) -> ResponseReturnValue:
    """End one of your sessions."""
    member = current_staff()
    with installation().sessions.begin() as database:
        if end_session_by_id(database, STAFF, member, session_id, clock.now()):
            record(database, actor(), "staff.session_ended", subject(member))
            flash("Session ended.")
    return redirect_after_post(url_for("account.page"))


@blueprint.post("/sessions/end-others")
@needs(StaffRole.viewer)
def end_others() -> ResponseReturnValue:
    """End all your sessions except this one."""
    found, member = signed_in(), current_staff()
    here = found.session.id if found else None
    with installation().sessions.begin() as database:
        ended = end_sessions(database, STAFF, member, clock.now(), but=here)
        if ended:
            record(
                database, actor(), "staff.sessions_ended", subject(member), after={"ended": ended}
            )
    flash("All other sessions ended.")
    return redirect_after_post(url_for("account.page"))


def _page(form: AccountNameForm) -> str:
    member, found = current_staff(), signed_in()
    with installation().sessions() as database:
        sessions = list_staff_sessions(database, member, clock.now())
        keys = list_passkeys(database, member)
    return render_template(
        "staff/account/page.html",
        page_title="Your account",
        form=form,
        member=member,
        authenticator=has_authenticator(member),
        passkeys=keys,
        codes=len(member.mf_recovery_codes or ()),
        sessions=[(one, browser_name(one.browser)) for one in sessions],
        here=found.session.id if found else None,
        wanted=installation().settings.staff.second_factor_required
        and StaffRole(member.role).includes(StaffRole.finance),
    )


def browser_name(user_agent: str) -> str:
    """Return `Firefox on Windows` from a User-Agent header: enough for people to recognize their browsers."""
    browser = next(
        (name for name, mark in _BROWSERS if re.search(mark, user_agent)), "Unknown browser"
    )
    system = next((name for name, mark in _SYSTEMS if re.search(mark, user_agent)), "")
    return f"{browser} on {system}" if system else browser
