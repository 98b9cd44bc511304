"""Changes of a campaign's deadline, as public sentences in the page's language."""

from collections.abc import Sequence

from campaign.campaigns.campaign_formatting import extension_sentences
from campaign.models import Campaign, Extension
from campaign.web.language import page_language


def present_extensions(campaign: Campaign, extensions: Sequence[Extension]) -> list[str]:
    """Return one public sentence, with the reason, for each change of the deadline; oldest first."""
    return extension_sentences(campaign, extensions, page_language())
