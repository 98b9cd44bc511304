"""Kill points, put into a victim's process from outside: the service itself knows nothing of them.

A point is named by the process's role, the function at the service's edge that was at work, what it did and when:
`worker:stripe_events.process.apply_next_event.commit.before`. So every commit and every call over the network has two
points of its own, whatever is added to the service later.
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
from tests.chaos.ground import Ground

ROOMS = ("campaign.", "workers.")
BELOW_THE_EDGE = (
    "campaign.gateway",
    "campaign.mailer",
    "campaign.core.task_queue",
    "campaign.core.database",
    "campaign.runtime.context",
)
"""They do what their callers ask, and it is the callers whose names tell the points apart."""


class Hooks:
    """The points of one process."""

    def __init__(self, role: str, ground: Ground) -> None:
        self._role = role
        self._ground = ground

    def install(self) -> None:
        """Before and after: each commit, each call to Stripe, each letter's text, each nudge to the broker."""
        event.listen(Session, "before_commit", lambda _: self._pass("commit.before"))
        event.listen(Session, "after_commit", lambda _: self._pass("commit.after"))
        self._surround(requests.Session, "send", "stripe")
        self._surround(SmtpSession, "hand_over", "mail")
        self._surround(TaskNotifier, "__call__", "nudge")

    def _surround(self, owner: type, name: str, what: str) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(original)
        def surrounded(*arguments: Any, **named: Any) -> Any:
            self._pass(f"{what}.before")
            result = original(*arguments, **named)
            self._pass(f"{what}.after")
            return result

        setattr(owner, name, surrounded)

    def _pass(self, what: str) -> None:
        frame = _edge(sys._getframe(1))
        if frame is not None:
            about = frame.f_locals.get("kind")
            point = f"{self._role}:{_name(frame)}.{what}"
            self._ground.pass_point(point, about if isinstance(about, str) else "")


def _edge(frame: FrameType | None) -> FrameType | None:
    """The innermost function of the service that is no mere instrument of another."""
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(ROOMS) and not module.startswith(BELOW_THE_EDGE):
            return frame
        frame = frame.f_back
    return None


def _name(frame: FrameType) -> str:
    module = str(frame.f_globals["__name__"]).removeprefix("campaign.")
    return f"{module}.{frame.f_code.co_qualname.partition('.<')[0]}"
