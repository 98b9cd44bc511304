"""API tokens: create (shown once), list, revoke."""

from datetime import timedelta

from flask import flash, make_response, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice

from campaign.core import clock
from campaign.core.errors import FieldsInvalid
from campaign.integrations.tokens import (
    Scope,
    create_token,
    derive_token_secret,
    find_token,
    list_tokens,
    revoke_token,
)
from campaign.models import StaffRole
from campaign.models.base import new_token
from campaign.web.context import installation
from campaign.web.staff.auth.kept_forms import requires_recent_form
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.form_errors import put_faults

blueprint = staff_blueprint("api_tokens", "/api-tokens")

ATTEMPT = "token_attempt"
"""Key in the signed cookie, set by the form and read by the page that shows the token.

The value does not reveal the token without our SECRET_KEY.
"""


class TokenForm(FlaskForm):
    """Name, scopes and lifetime of a token. `attempt` identifies the form, so sending it twice creates one token."""

    class Meta:
        csrf = False

    name = StringField()
    scopes = SelectMultipleField(choices=[scope.value for scope in Scope])
    days = SelectField(
        choices=[
            SelectChoice("90", "90 days"),
            SelectChoice("365", "1 year"),
            SelectChoice("", "Until revoked"),
        ],
        default="365",
    )
    attempt = HiddenField()


@blueprint.get("")
@needs(StaffRole.admin)
def page() -> ResponseReturnValue:
    """List the tokens, with a form to create one."""
    form = TokenForm(formdata=None)
    form.attempt.data = new_token()
    return _page(form)


@blueprint.post("")
@needs(StaffRole.admin)
@requires_recent_form
def add() -> ResponseReturnValue:
    """Create a token, which the next page shows once. Sending the same form twice creates one token."""
    form, at = TokenForm(), clock.now()
    attempt = form.attempt.data or new_token()
    if not form.days.validate(form):
        return make_response(_page(form), 422)
    ends = at + timedelta(days=int(form.days.data)) if form.days.data else None
    name, scopes = form.name.data or "", form.scopes.data or []
    try:
        with installation().sessions.begin() as database:
            secret = _secret(attempt)
            create_token(database, name, scopes, actor(), at, expires_at=ends, secret=secret)
    except FieldsInvalid as error:
        put_faults(form, error.faults)
        return make_response(_page(form), 422)
    session[ATTEMPT] = attempt
    return redirect(url_for("api_tokens.created"), 303)


@blueprint.get("/created")
@needs(StaffRole.admin)
def created() -> ResponseReturnValue:
    """Show the new token once, to the admin who created it. Only its digest is stored."""
    attempt = session.pop(ATTEMPT, "")
    with installation().sessions() as database:
        token = find_token(database, _secret(attempt)) if attempt else None
    if token is None:
        return redirect(url_for("api_tokens.page"), 303)
    return render_template(
        "staff/api_tokens/created.html",
        page_title="New API token",
        token=token,
        secret=_secret(attempt),
    )


def _secret(attempt: str) -> str:
    return derive_token_secret(installation().settings.secret_key, attempt)


@blueprint.post("/<int:token_id>/revoke")
@needs(StaffRole.admin)
def revoke(token_id: int) -> ResponseReturnValue:
    """Revoke a token at once."""
    with installation().sessions.begin() as database:
        revoke_token(database, token_id, actor(), clock.now())
    flash("API token revoked.")
    return redirect(url_for("api_tokens.page"), 303)


def _page(form: TokenForm) -> str:
    with installation().sessions() as database:
        tokens = list_tokens(database)
    return render_template(
        "staff/api_tokens/page.html",
        page_title="Integrations",
        tokens=tokens,
        form=form,
        at=clock.now(),
    )
