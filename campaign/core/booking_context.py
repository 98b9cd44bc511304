"""The input that booking functions share, and their result."""

from dataclasses import dataclass

from campaign.core.settings import Organization


@dataclass(frozen=True)
class BookingContext:
    """The settings that booking needs: the organization that issues receipts, and the domain that emails come from."""

    organization: Organization
    mail_domain: str


@dataclass(frozen=True)
class Outcome:
    """The result of processing a fact. `applied` is False if it is not about our data or contains nothing new."""

    applied: bool
    note: str
