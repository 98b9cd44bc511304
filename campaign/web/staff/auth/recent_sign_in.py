"""Require a recent sign-in for sensitive changes: an unattended browser must not allow a change of sign-in methods."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from flask import jsonify, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from campaign.core import clock
from campaign.web.staff.core.access import signed_in

RECENT = timedelta(minutes=15)
"""The maximum age of the sign-in."""

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


def signed_in_recently() -> bool:
    """Return whether this session began within RECENT."""
    found = signed_in()
    return found is not None and clock.now() - found.session.created_at <= RECENT


def requires_recent_sign_in(view: View) -> View:
    """Redirect to sign-in first if the last one is older than RECENT. Apply below `@needs`."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        if signed_in_recently():
            return view(*args, **kwargs)
        if request.is_json:
            return make_response(
                jsonify(error="You signed in too long ago. Please sign in again."), 403
            )
        here = f"{request.script_root}{request.full_path}".removesuffix("?")
        back = here if request.method == "GET" else url_for("account.page")
        return redirect(url_for("sign_in.page", again=1, next=back), 303)

    return cast("View", guarded)
