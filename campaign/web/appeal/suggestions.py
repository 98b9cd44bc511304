"""Suggested amounts and giving by mail, in the page's language: for the form, the print sheet and the embed."""

from dataclasses import dataclass

from campaign.campaigns import formatting
from campaign.core import clock, money
from campaign.core.settings import Organization
from campaign.models import Campaign
from campaign.web.language import page_language


@dataclass(frozen=True)
class MailAddress:
    """How to give by mail."""

    payee: str
    address_lines: tuple[str, ...]
    code: str
    postmark_text: str


@dataclass(frozen=True)
class Suggestion:
    """A suggested amount: the form's value and the button's text."""

    value: str
    text: str


def present_mail(campaign: Campaign, organization: Organization) -> MailAddress:
    """Return the payee, the address, the code to write on the check, and the last postmark that counts."""
    last = formatting.long_date(clock.last_day(campaign.deadline, campaign.zone), page_language())
    return MailAddress(
        payee=organization.name,
        address_lines=organization.address_lines,
        code=campaign.slug.upper(),
        postmark_text=page_language().gettext(
            "Checks postmarked by %(day)s count toward this campaign."
        )
        % {"day": last},
    )


def present_suggestions(campaign: Campaign) -> list[Suggestion]:
    """List the suggested amounts, smallest first."""
    return [
        Suggestion(
            value=money.plain_amount(amount, campaign.currency, page_language().formats),
            text=formatting.amount(amount, campaign.currency, page_language()),
        )
        for amount in campaign.suggested_amounts
    ]


def cover_hint(campaign: Campaign, fee_cover: int, example: int) -> str:
    """What covering the fees would add to an example amount; both in minor units."""
    return page_language().gettext("On a gift of %(gift)s, that adds %(cover)s.") % {
        "gift": formatting.amount(example, campaign.currency, page_language()),
        "cover": formatting.amount(fee_cover, campaign.currency, page_language()),
    }
