"""Sensitive acts need a recent sign-in, and a form that was sent too late is not lost.

The form is kept for this member, encrypted; after signing in, a page shows what it is about and sends it on. Files
and passwords are never kept.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, NamedTuple, TypeVar, cast

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from campaign.auth.kept_values import keep_value, take_value
from campaign.core import clock
from campaign.models import StaffRole
from campaign.web.context import installation
from campaign.web.staff.auth.recent_sign_in import signed_in_recently
from campaign.web.staff.core.access import current_staff, needs, staff_blueprint

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])

blueprint: Blueprint = staff_blueprint("kept_forms", "/again")

_NAME = "form"
_KEPT = timedelta(minutes=30)
_NEVER_KEPT = {"csrf_token", "password", "old", "new", "code"}


class KeptForm(NamedTuple):
    """A form that was sent too late: its address here, and its fields in their order."""

    path: str
    fields: list[list[str]]


def requires_recent_form(view: View) -> View:
    """Ask for a sign-in first if the last is too long ago; the form is kept meanwhile. Apply below `@needs`."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        return view(*args, **kwargs) if signed_in_recently() else sign_in_and_send_again()

    return cast("View", guarded)


def sign_in_and_send_again() -> ResponseReturnValue:
    """Keep this request's form and redirect to the sign-in page, which leads back to it."""
    fields = [
        [name, value] for name, value in request.form.items(multi=True) if name not in _NEVER_KEPT
    ]
    here = installation()
    with here.sessions.begin() as database:
        token = keep_value(
            database,
            current_staff().id,
            _NAME,
            KeptForm(f"{request.script_root}{request.path}", fields),
            here.settings.secret_key,
            clock.now() + _KEPT,
        )
    back = url_for("kept_forms.page", token=token)
    return redirect(url_for("sign_in.page", again=1, next=back), 303)


@blueprint.get("/<token>")
@needs(StaffRole.viewer)
def page(token: str) -> ResponseReturnValue:
    """Show the kept form with a button that sends it. It opens once, so that reloading sends nothing twice."""
    here = installation()
    with here.sessions.begin() as database:
        secret_key = here.settings.secret_key
        found = take_value(database, current_staff().id, _NAME, token, secret_key, clock.now())
    if found is None:
        return make_response(_page(None), 410)
    return _page(KeptForm(*found))


def _page(form: KeptForm | None) -> str:
    title = "Send your form" if form else "This form is no longer kept"
    return render_template("staff/sign_in/kept_form.html", page_title=title, kept=form)
