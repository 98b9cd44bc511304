"""Passkeys: sign in with one, and manage your own. The browser side is `static/passkeys.js`."""

from datetime import timedelta

from flask import Response, flash, jsonify, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_limiter.errors import RateLimitExceeded
from sqlalchemy.orm import Session

from campaign.core import clock
from campaign.core.errors import StaffRefused
from campaign.models import StaffMember, StaffPasskey, StaffRole
from campaign.staff import passkeys
from campaign.web.context import installation
from campaign.web.limits import limiter
from campaign.web.staff.auth import rate_limits
from campaign.web.staff.auth.recent_sign_in import requires_recent_sign_in
from campaign.web.staff.auth.sign_in_flow import (
    complete,
    failed,
    pending_member,
    pending_sign_in,
    recall_once,
    redirect_after_post,
    remember,
)
from campaign.web.staff.auth.webauthn import (
    ask_to_register,
    ask_to_sign_in,
    check_sign_in,
    credential_id,
    read_registration,
)
from campaign.web.staff.core.access import (
    actor,
    current_staff,
    needs,
    open_blueprint,
    staff_blueprint,
)

_CHALLENGE = "challenge"
_PATIENCE = timedelta(minutes=5)

entrance = open_blueprint("passkey_sign_in", "/sign-in/passkey")
entrance.register_error_handler(RateLimitExceeded, rate_limits.rate_limited)
blueprint = staff_blueprint("passkeys", "/account/passkeys")


@entrance.post("/options")
@limiter.limit(rate_limits.PASSKEYS_HERE, key_func=rate_limits.network_key)
def sign_in_options() -> ResponseReturnValue:
    """Return the options for a sign-in with a passkey, as JSON."""
    with installation().sessions() as database:
        member = pending_member(database)
        known = passkeys.list_passkeys(database, member) if member else None
        asked = ask_to_sign_in(known)
    remember(_CHALLENGE, asked.challenge)
    return jsonify(asked.options)


@entrance.post("")
@limiter.limit(rate_limits.PASSKEYS_HERE, key_func=rate_limits.network_key)
def sign_in() -> ResponseReturnValue:
    """Sign in with a passkey: alone if it verified the user, otherwise as the second factor of a pending sign-in."""
    challenge = recall_once(_CHALLENGE, _PATIENCE)
    with installation().sessions.begin() as database:
        try:
            return jsonify(next=_entered(database, challenge))
        except StaffRefused as error:
            failed("passkey", str(error))
            return _refused(str(error))


def _entered(database: Session, challenge: str | None) -> str:
    answer = request.get_json()
    passkey = passkeys.find_passkey(database, credential_id(answer))
    member = database.get(StaffMember, passkey.staff_id) if passkey else None
    if challenge is None or passkey is None or member is None or not member.active:
        raise StaffRefused("This passkey does not work here.")
    waiting, waiting_member = pending_sign_in(), pending_member(database)
    if waiting_member is not None and waiting_member.id != member.id:
        raise StaffRefused("This passkey belongs to someone else.")
    _check(answer, challenge, passkey, alone=waiting_member is None)
    if waiting is not None and waiting_member is not None:
        return complete(database, member, f"{waiting['method']}+passkey", waiting["next"])
    return complete(database, member, "passkey", request.args.get("next"))


def _check(
    answer: dict[str, object], challenge: str, passkey: StaffPasskey, *, alone: bool
) -> None:
    count = check_sign_in(answer, challenge, passkey, alone=alone)
    passkeys.note_use(passkey, count, clock.now())


@blueprint.get("")
@needs(StaffRole.viewer)
@requires_recent_sign_in
def page() -> ResponseReturnValue:
    """List your passkeys, with a form to add one."""
    with installation().sessions() as database:
        mine = passkeys.list_passkeys(database, current_staff())
    return render_template(
        "staff/account/passkeys.html", page_title="Passkeys", passkeys=mine, most=passkeys.MOST
    )


@blueprint.post("/options")
@needs(StaffRole.viewer)
@requires_recent_sign_in
def register_options() -> ResponseReturnValue:
    """Return the options for creating a passkey, as JSON."""
    with installation().sessions.begin() as database:
        member = database.get_one(StaffMember, current_staff().id)
        asked = ask_to_register(member, passkeys.list_passkeys(database, member))
    remember(_CHALLENGE, asked.challenge)
    return jsonify(asked.options)


@blueprint.post("")
@needs(StaffRole.viewer)
@requires_recent_sign_in
def register() -> ResponseReturnValue:
    """Save the new passkey."""
    challenge = recall_once(_CHALLENGE, _PATIENCE)
    try:
        with installation().sessions.begin() as database:
            if challenge is None:
                raise StaffRefused("That took too long. Please try again.")
            member = database.get_one(StaffMember, current_staff().id)
            new = read_registration(request.get_json(), challenge)
            name = request.args.get("name", "")
            kept = passkeys.add_passkey(database, member, name, new, actor(), clock.now())
            called = kept.name
    except StaffRefused as error:
        return _refused(str(error))
    flash(f"Passkey “{called}” added.")
    return jsonify(next=url_for("account.page"))


@blueprint.post("/<int:passkey_id>/remove")
@needs(StaffRole.viewer)
@requires_recent_sign_in
def remove(passkey_id: int) -> ResponseReturnValue:
    """Remove one of your passkeys."""
    with installation().sessions.begin() as database:
        if passkeys.remove_passkey(database, current_staff(), passkey_id, actor()):
            flash("Passkey removed.")
    return redirect_after_post(url_for("passkeys.page"))


def _refused(words: str) -> Response:
    return make_response(jsonify(error=words), 422)
