"""How a campaign's deadline was moved, as public sentences of the page's language."""

from collections.abc import Sequence

from campaign.campaigns.campaign_formatting import extension_sentences
from campaign.models import Campaign, Extension
from campaign.web.language import page_language


def present_extensions(campaign: Campaign, extensions: Sequence[Extension]) -> list[str]:
    """Each move of the deadline as one public sentence, with its reason; the first move first."""
    return extension_sentences(campaign, extensions, page_language())
