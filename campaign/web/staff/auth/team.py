"""The team: list and add members, change roles, deactivate. For admins."""

from collections.abc import Callable
from datetime import timedelta

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import EmailField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice

from campaign.audit.audit_log import record
from campaign.auth.policies import STAFF_LINK
from campaign.auth.staff import has_authenticator, list_staff_sessions, make_staff_link
from campaign.core import clock
from campaign.core.errors import NotFound, StaffRefused
from campaign.core.task_queue import OUTBOX
from campaign.models import StaffMember, StaffRole
from campaign.staff import members
from campaign.staff.passkeys import list_passkeys
from campaign.staff.second_factor import reset_second_factor
from campaign.staff.sign_in_emails import queue_invitation
from campaign.web.context import installation
from campaign.web.forms import clean
from campaign.web.staff.auth.kept_forms import requires_recent_form
from campaign.web.staff.auth.sign_in_flow import keep_secret, redirect_after_post, take_secret
from campaign.web.staff.core.access import actor, current_staff, needs, staff_blueprint

ROLES = [
    (StaffRole.viewer.value, "viewer: can view the dashboard, donations, donors and campaigns"),
    (
        StaffRole.finance.value,
        "finance: can also record and refund donations, edit donors and export the books",
    ),
    (StaffRole.admin.value, "admin: can also manage campaigns, the team, API tokens and webhooks"),
]
_MAIL, _SHOW = "mail", "show"
_MADE = "made_link"
_SHOWN_WITHIN = timedelta(minutes=5)

blueprint = staff_blueprint("team", "/team")


class MemberForm(FlaskForm):
    """The fields of a new member."""

    class Meta:
        csrf = False

    email = EmailField()
    name = StringField()
    role = SelectField(
        choices=[SelectChoice(value, text) for value, text in ROLES],
        default=StaffRole.viewer.value,
        validate_choice=False,
    )
    way = RadioField(
        choices=[
            SelectChoice(_MAIL, "Email them a sign-in link"),
            SelectChoice(_SHOW, "Show me the link so that I can send it"),
        ],
        default=_MAIL,
        validate_choice=False,
    )


@blueprint.get("")
@needs(StaffRole.admin)
def page() -> ResponseReturnValue:
    """List the team, with a form to add a member."""
    return _page(MemberForm(formdata=None))


@blueprint.post("")
@needs(StaffRole.admin)
@requires_recent_form
def add() -> ResponseReturnValue:
    """Add a member and create a sign-in link. An existing member with the same role gets a new link.

    Roles are changed on the member's page.
    """
    form = MemberForm()
    role = read_role(form.role.data)
    if role is None:
        form.role.errors = ["Choose one of the roles."]
        return make_response(_page(form), 422)
    try:
        with installation().sessions.begin() as database:
            address = members.read_staff_address(clean(form.email.data))
            known = members.find_member(database, address)
            if known is not None and known.role != role:
                raise StaffRefused(
                    f"{known.email} is already on the team with the role {known.role}."
                    " Change it on their page."
                )
            name = clean(form.name.data)
            added = members.add_member(database, address, role, actor(), clock.now(), name=name)
            onward_to = _let_in(database, added.member, form.way.data or _MAIL)
    except StaffRefused as error:
        form.email.errors = [str(error)]
        return make_response(_page(form), 422)
    installation().notify(OUTBOX)
    return redirect_after_post(onward_to)


@blueprint.get("/link")
@needs(StaffRole.admin)
def link() -> ResponseReturnValue:
    """Show the new sign-in link, once."""
    made = take_secret(_MADE)
    if made is None:
        return redirect(url_for("team.page"))
    return render_template(
        "staff/team/link.html", page_title="Sign-in link", email=made["email"], url=made["url"]
    )


@blueprint.get("/<int:member_id>")
@needs(StaffRole.admin)
def member(member_id: int) -> ResponseReturnValue:
    """Show one member."""
    with installation().sessions() as database:
        return _member_page(database, _member(database, member_id))


@blueprint.post("/<int:member_id>/role")
@needs(StaffRole.admin)
@requires_recent_form
def change_role(member_id: int) -> ResponseReturnValue:
    """Change a member's role and end their sessions."""
    role = read_role(request.form.get("role"))
    return _change(
        member_id,
        lambda database, one: (
            role is not None and members.change_role(database, one, role, actor(), clock.now())
        ),
        "Role changed. Their sessions have ended.",
    )


@blueprint.post("/<int:member_id>/deactivate")
@needs(StaffRole.admin)
def deactivate(member_id: int) -> ResponseReturnValue:
    """Deactivate a member."""
    return _change(
        member_id,
        lambda database, one: members.deactivate(database, one, actor(), clock.now()),
        "Deactivated. They can no longer sign in.",
    )


@blueprint.post("/<int:member_id>/activate")
@needs(StaffRole.admin)
@requires_recent_form
def activate(member_id: int) -> ResponseReturnValue:
    """Reactivate a member."""
    return _change(
        member_id,
        lambda database, one: members.reactivate(database, one, actor()),
        "Reactivated. They can sign in again.",
    )


@blueprint.post("/<int:member_id>/reset-second-factor")
@needs(StaffRole.admin)
@requires_recent_form
def reset(member_id: int) -> ResponseReturnValue:
    """Remove a member's second factor, for example after they lost their device."""
    return _change(
        member_id,
        lambda database, one: reset_second_factor(database, one, actor(), clock.now()),
        "Second factor removed. Their sessions have ended.",
    )


@blueprint.post("/<int:member_id>/link")
@needs(StaffRole.admin)
@requires_recent_form
def new_link(member_id: int) -> ResponseReturnValue:
    """Create a new sign-in link for a member."""
    with installation().sessions.begin() as database:
        one = _member(database, member_id)
        if not one.active:
            flash("Reactivate them first.")
            return redirect_after_post(url_for("team.member", member_id=member_id))
        onward_to = _let_in(database, one, request.form.get("way", _MAIL))
    installation().notify(OUTBOX)
    return redirect_after_post(onward_to)


def _let_in(database: Session, one: StaffMember, way: str) -> str:
    """Email a sign-in link, or store it for the next page. Returns the address to redirect to."""
    record(database, actor(), "staff_member.link_created", members.subject(one), after={"way": way})
    if way == _SHOW:
        path = make_staff_link(database, one, actor().name, clock.now(), STAFF_LINK)
        made = {"email": one.email, "url": installation().address(path)}
        keep_secret(database, _MADE, made, _SHOWN_WITHIN)
        return url_for("team.link")
    domain = installation().settings.mail_from.domain
    queue_invitation(database, one, actor(), domain, clock.now())
    flash(f"Sign-in link sent to {one.email}. It works once and expires in 24 hours.")
    return url_for("team.page")


def _change(
    member_id: int, change: Callable[[Session, StaffMember], bool], done: str
) -> ResponseReturnValue:
    try:
        with installation().sessions.begin() as database:
            if change(database, _member(database, member_id)):
                flash(done)
    except StaffRefused as error:
        with installation().sessions() as database:
            page = _member_page(database, _member(database, member_id), str(error))
        return make_response(page, 422)
    return redirect_after_post(url_for("team.member", member_id=member_id))


def _member(database: Session, member_id: int) -> StaffMember:
    found = database.get(StaffMember, member_id)
    if found is None:
        raise NotFound("There is no team member with this id.")
    return found


def read_role(text: str | None) -> StaffRole | None:
    """Return the role that `text` names, or None."""
    return StaffRole(text) if text in set(StaffRole) else None


def _page(form: MemberForm) -> str:
    with installation().sessions() as database:
        everyone = members.list_members(database)
    return render_template("staff/team/page.html", page_title="Team", form=form, members=everyone)


def _member_page(database: Session, one: StaffMember, refusal: str = "") -> str:
    return render_template(
        "staff/team/member.html",
        page_title=one.name or one.email,
        member=one,
        refusal=refusal,
        roles=ROLES,
        authenticator=has_authenticator(one),
        passkeys=len(list_passkeys(database, one)),
        sessions=len(list_staff_sessions(database, one, clock.now())),
        oneself=one.id == current_staff().id,
    )
