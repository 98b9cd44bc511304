"""From the first factor to a session, with the second factor in between where one is set up.

Shared by the sign-in views.
"""

from datetime import timedelta
from typing import Any, TypedDict, cast

from flask import Response, redirect, request, session, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.audit.audit_log import Actor, record
from campaign.auth.kept_values import keep_value, take_value
from campaign.auth.policies import STAFF
from campaign.auth.sessions import end_session_by_id
from campaign.auth.staff import Browser, begin_staff_session
from campaign.core import clock
from campaign.models import StaffMember, StaffRole
from campaign.staff.members import subject
from campaign.staff.second_factor import has_second_factor
from campaign.web.context import installation
from campaign.web.staff.core.access import SESSION_SECRET, current_staff, safe_next, signed_in

PATIENCE = timedelta(minutes=10)
"""The maximum time between the first factor and the second."""
_WAITING = "waiting"

log = get_logger(__name__)


class PendingSignIn(TypedDict):
    """What the cookie holds between the factors."""

    who: str
    method: str
    next: str
    at: float


def enter(database: Session, member: StaffMember, method: str, target: str | None) -> str:
    """Sign in `member`, who passed the first factor, or require the second. Returns the address to redirect to."""
    if not has_second_factor(database, member):
        return complete(database, member, method, target)
    _forget(database)
    waiting = PendingSignIn(
        who=member.fs_uniquifier,
        method=method,
        next=target or "",
        at=clock.now().timestamp(),
    )
    session[_WAITING] = waiting
    return url_for("second_factor.page")


def pending_sign_in() -> PendingSignIn | None:
    """Return this browser's sign-in that is waiting for its second factor, or None."""
    found = cast("PendingSignIn | None", session.get(_WAITING))
    if found is None or clock.now().timestamp() - found["at"] > PATIENCE.total_seconds():
        return None
    return found


def pending_member(database: Session, *, lock: bool = False) -> StaffMember | None:
    """Return the member who is signing in, or None. `lock` the row until the commit, so that a code works only once."""
    waiting = pending_sign_in()
    if waiting is None:
        return None
    asked = select(StaffMember).where(
        StaffMember.fs_uniquifier == waiting["who"], StaffMember.active
    )
    return database.scalar(asked.with_for_update() if lock else asked)


def complete(database: Session, member: StaffMember, method: str, target: str | None) -> str:
    """Begin a session under a new id and end this browser's previous one. Returns the address to redirect to."""
    _forget(database)
    key = begin_staff_session(database, member, method, _browser(), clock.now())
    who = Actor(member.email, StaffRole(member.role), member.id)
    record(database, who, "staff.signed_in", subject(member), after={"method": method})
    session[SESSION_SECRET] = key
    session.permanent = True
    return safe_next(target)


def failed(way: str, why: str, member: StaffMember | None = None) -> None:
    """Log a failed sign-in. Never log what was typed: it may be a password in the wrong field."""
    log.warning(
        "staff_sign_in_failed",
        way=way,
        reason=why,
        staff_id=member.id if member else None,
        address=request.remote_addr,
    )


def redirect_after_post(address: str) -> Response:
    """Redirect after a form was processed (303)."""
    return cast("Response", redirect(address, 303))


def _forget(database: Session) -> None:
    found = signed_in()
    if found is not None:
        end_session_by_id(database, STAFF, found.member, found.session.id, clock.now())
    session.clear()


def _browser() -> Browser:
    return Browser(request.user_agent.string, request.remote_addr or "")


def remember(name: str, value: Any) -> None:
    """Store `value` in the session cookie until `recall_once` removes it."""
    session[name] = {"value": value, "at": clock.now().timestamp()}


def keep_secret(database: Session, name: str, value: Any, within: timedelta) -> None:
    """Keep a one-time secret for this browser; the cookie gets only a token that opens it."""
    here, at = installation(), clock.now()
    owner = current_staff().id
    secret_key = here.settings.secret_key
    session[name] = keep_value(database, owner, name, value, secret_key, at + within)


def take_secret(name: str) -> Any:
    """Return what `keep_secret` kept for this browser, once; None if there is nothing, or it has expired."""
    token = session.pop(name, None)
    if not isinstance(token, str):
        return None
    here = installation()
    with here.sessions.begin() as database:
        owner, secret_key = current_staff().id, here.settings.secret_key
        return take_value(database, owner, name, token, secret_key, clock.now())


def recall_once(name: str, within: timedelta) -> Any:
    """Remove and return what `remember` stored; None if there is nothing, or it is older than `within`."""
    found = session.pop(name, None)
    if (
        not isinstance(found, dict)
        or clock.now().timestamp() - found["at"] > within.total_seconds()
    ):
        return None
    return found["value"]
