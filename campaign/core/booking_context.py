"""What every service that books a fact is given, and what it answers."""

from dataclasses import dataclass

from campaign.core.settings import Organization


@dataclass(frozen=True)
class BookingContext:
    """What the bookkeeping must know of the installation: whose receipts, and from which domain they are mailed."""

    organization: Organization
    mail_domain: str


@dataclass(frozen=True)
class Outcome:
    """What became of a fact. `applied` is False where it concerns nothing of ours or tells nothing new."""

    applied: bool
    note: str
