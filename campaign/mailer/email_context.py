"""What all letters begin from: whose they are, and that one may have become pointless."""

from collections.abc import Callable
from dataclasses import dataclass

from campaign.core.i18n import ENGLISH, Words
from campaign.core.settings import Organization


@dataclass(frozen=True)
class Sender:
    """Whose letters these are, and how a path becomes a public address."""

    organization: Organization
    address: Callable[[str], str]


@dataclass(frozen=True)
class Pointless:
    """Why a letter need not be sent any more."""

    reason: str


def own_page_url(sender: Sender, said: Words) -> str:
    """Where a donor asks for a link to their own page, in the letter's language."""
    return sender.address("/me" if said.locale == ENGLISH else f"/me?lang={said.locale}")
