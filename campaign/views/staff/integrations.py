"""Tokens of the read API: made, shown once, revoked."""

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import SelectMultipleField, StringField

from campaign import clock
from campaign.errors import FieldsInvalid
from campaign.models import StaffRole
from campaign.services.integrations.tokens import Scope, list_tokens, make_token, revoke_token
from campaign.views.context import installation
from campaign.views.staff.access import actor, needs, staff_blueprint
from campaign.views.staff.faults import put_faults

blueprint = staff_blueprint("integrations", "/integrations")


class TokenForm(FlaskForm):
    """Who will use the token, and what it may read."""

    class Meta:
        csrf = False

    name = StringField()
    scopes = SelectMultipleField(choices=[(scope.value, scope.value) for scope in Scope])


@blueprint.get("")
@needs(StaffRole.admin)
def page() -> ResponseReturnValue:
    """Every token."""
    return _page(TokenForm(formdata=None))


@blueprint.post("")
@needs(StaffRole.admin)
def add() -> ResponseReturnValue:
    """Make a token and show it: this answer is the only place where it stands."""
    form = TokenForm()
    with installation().sessions() as session:
        try:
            made = make_token(
                session, form.name.data or "", form.scopes.data or [], actor(), clock.now()
            )
            session.commit()
        except FieldsInvalid as error:
            put_faults(form, error.faults)
            return make_response(_page(form), 422)
    return render_template(
        "staff/integrations/made.html",
        page_title="A new token",
        token=made.token,
        secret=made.secret,
    )


@blueprint.post("/<int:token_id>/revoke")
@needs(StaffRole.admin)
def revoke(token_id: int) -> ResponseReturnValue:
    """End a token at once."""
    with installation().sessions.begin() as session:
        revoke_token(session, token_id, actor(), clock.now())
    flash("The token is revoked.")
    return redirect(url_for("integrations.page"), 303)


def _page(form: TokenForm) -> str:
    with installation().sessions() as session:
        tokens = list_tokens(session)
    return render_template(
        "staff/integrations/page.html",
        page_title="Integrations",
        tokens=tokens,
        form=form,
        at=clock.now(),
    )
