"""What only someone who has just signed in may do: a browser that was left open must not change how one gets in."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar, cast

from flask import jsonify, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from campaign.core import clock
from campaign.web.staff.core.access import signed_in

RECENT = timedelta(minutes=15)
"""How long ago the sign-in may be."""

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


def signed_in_recently() -> bool:
    """Whether this session began just now."""
    found = signed_in()
    return found is not None and clock.now() - found.session.created_at <= RECENT


def requires_recent_sign_in(view: View) -> View:
    """Ask for a new sign-in first, where the last is older. Stands under `@needs`."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        if signed_in_recently():
            return view(*args, **kwargs)
        if request.is_json:
            return make_response(jsonify(error="Your sign-in is too long ago; sign in again."), 403)
        here = f"{request.script_root}{request.path}"
        back = here if request.method == "GET" else url_for("account.page")
        return redirect(url_for("sign_in.page", again=1, next=back), 303)

    return cast("View", guarded)
