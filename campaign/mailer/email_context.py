"""What all email contexts share: the sender, and the result for an email that has become obsolete."""

from collections.abc import Callable
from dataclasses import dataclass

from campaign.core.i18n import ENGLISH, Language
from campaign.core.settings import Organization


@dataclass(frozen=True)
class Sender:
    """The organization that sends the emails, and a function that turns a path into a public URL."""

    organization: Organization
    address: Callable[[str], str]


@dataclass(frozen=True)
class ObsoleteEmail:
    """Why an email no longer needs to be sent."""

    reason: str


def donor_page_url(sender: Sender, language: Language) -> str:
    """Return the URL where donors request a link to their donor page, in the email's language."""
    return sender.address("/me" if language.locale == ENGLISH else f"/me?lang={language.locale}")
