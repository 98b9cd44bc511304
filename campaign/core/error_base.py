"""What every refusal of ours is: a sentence for a person. For `campaign.core.errors`, where anyone finds them."""

from collections.abc import Callable


class CampaignError(Exception):
    """A refusal with its reason in words. `str(error)` is fit to be shown.

    `AmountInvalid("At most %(most)s.", most="$5")` keeps the sentence apart from what stands in it, so that a page can
    say it in its reader's language: see `told_by`.
    """

    def __init__(self, message: str = "", **values: object) -> None:
        super().__init__(message % values if values else message)
        self.message = message
        self.values = values

    def told_by(self, gettext: Callable[[str], str]) -> str:
        """The sentence in the language of `gettext`."""
        told = gettext(self.message) if self.message else str(self)
        return told % self.values if self.values else told
