"""Placeholder of the agreed interface."""

from dataclasses import dataclass
from datetime import datetime

from campaign.runtime.context import Installation


@dataclass(frozen=True)
class Attempt:
    slug: str
    network: str
    email: str
    amount: int
    currency: str
    frequency: str
    form_seconds: float | None
    honeypot: bool
    scripted: bool
    at: datetime


@dataclass(frozen=True)
class Demand:
    kind: str
    seconds: int = 0
    difficulty: int = 0


def assess(installation: Installation, attempt: Attempt) -> Demand:
    return Demand("none")


def record_session(installation: Installation, attempt: Attempt, session_id: str) -> None:
    pass
