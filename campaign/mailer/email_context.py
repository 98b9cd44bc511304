"""What all letters begin from: whose they are, and that one may have become pointless."""

from collections.abc import Callable
from dataclasses import dataclass

from campaign.core.i18n import ENGLISH, Language
from campaign.core.settings import Organization


@dataclass(frozen=True)
class Sender:
    """Whose letters these are, and how a path becomes a public address."""

    organization: Organization
    address: Callable[[str], str]


@dataclass(frozen=True)
class ObsoleteEmail:
    """Why a letter need not be sent any more."""

    reason: str


def donor_page_url(sender: Sender, language: Language) -> str:
    """Where a donor asks for a link to their own page, in the letter's language."""
    return sender.address("/me" if language.locale == ENGLISH else f"/me?lang={language.locale}")
