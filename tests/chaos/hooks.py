"""Install kill points in a victim's process. The service itself does not know about them.

A point is named after the process's role, the function at the service's edge, the action and the time:
`worker:stripe_events.process._InboxRun.apply_next.commit.before`. Every commit and every network call has two points,
including those that are added to the service later.
"""

import functools
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import requests
from sqlalchemy import event
from sqlalchemy.orm import Session

from campaign.core.task_queue import TaskNotifier
from campaign.mailer.smtp import SmtpSession
from tests.chaos.kill_orders import KillOrders

ROOMS = ("campaign.", "workers.")
BELOW_THE_EDGE = (
    "campaign.gateway",
    "campaign.mailer",
    "campaign.core.task_queue",
    "campaign.core.database",
    "campaign.runtime.context",
)
"""Skip these modules when naming a point, because their callers identify it better."""


class Hooks:
    """The kill points of one process."""

    def __init__(self, role: str, kill_orders: KillOrders) -> None:
        self._role = role
        self._kill_orders = kill_orders

    def install(self) -> None:
        """Install points before and after each commit, call to Stripe, email handed to SMTP, and broker message."""
        event.listen(Session, "before_commit", lambda _: self._pass("commit.before"))
        event.listen(Session, "after_commit", lambda _: self._pass("commit.after"))
        self._wrap(requests.Session, "send", "stripe")
        self._wrap(SmtpSession, "hand_over", "mail")
        self._wrap(TaskNotifier, "__call__", "nudge")

    def _wrap(self, owner: type, name: str, what: str) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(original)
        def wrapped(*arguments: Any, **named: Any) -> Any:
            self._pass(f"{what}.before")
            result = original(*arguments, **named)
            self._pass(f"{what}.after")
            return result

        setattr(owner, name, wrapped)

    def _pass(self, what: str) -> None:
        frame = _edge(sys._getframe(1))
        if frame is not None:
            about = frame.f_locals.get("kind")
            point = f"{self._role}:{_name(frame)}.{what}"
            self._kill_orders.pass_point(point, about if isinstance(about, str) else "")


def _edge(frame: FrameType | None) -> FrameType | None:
    """Return the innermost function of the service that is not in BELOW_THE_EDGE."""
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(ROOMS) and not module.startswith(BELOW_THE_EDGE):
            return frame
        frame = frame.f_back
    return None


def _name(frame: FrameType) -> str:
    module = str(frame.f_globals["__name__"]).removeprefix("campaign.")
    return f"{module}.{frame.f_code.co_qualname.partition('.<')[0]}"
