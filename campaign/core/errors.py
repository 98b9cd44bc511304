"""The errors that packages raise and the edges turn into answers. Each carries a sentence for a person.

A class of its own stands here only where something catches it by type; else raise CampaignError.
"""

from collections.abc import Callable


class CampaignError(Exception):
    """A refusal with its reason in words. `str(error)` is fit to be shown.

    `AmountInvalid("At most %(most)s.", most="$5")` keeps the sentence apart from what stands in it, so that a page can
    say it in its reader's language: see `translated`.
    """

    def __init__(self, message: str = "", **values: object) -> None:
        super().__init__(message % values if values else message)
        self.message = message
        self.values = values

    def translated(self, gettext: Callable[[str], str]) -> str:
        """The sentence in the language of `gettext`."""
        told = gettext(self.message) if self.message else str(self)
        return told % self.values if self.values else told


class ConfigurationError(CampaignError):
    """Settings are missing or wrong; the message lists every fault, a line each."""


class AmountInvalid(CampaignError):
    """An amount that cannot be read, or lies outside what can be charged."""


class DeadlineInvalid(CampaignError):
    """A deadline, start or time zone that names no moment, or two."""


class CampaignInvalid(CampaignError):
    """A campaign that cannot be created as asked."""


class FieldsInvalid(CampaignInvalid):
    """A campaign, a change to it or a sponsor's promise that cannot be kept as typed: `faults` by the field's name."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(" ".join(faults.values()))
        self.faults = faults


class ChangedMeanwhile(CampaignError):
    """Someone else has saved since the form was shown: `present` holds what they changed, by the field's name."""

    def __init__(self, present: dict[str, str]) -> None:
        super().__init__(
            "Someone else has changed this meanwhile; look at what differs and save again."
        )
        self.present = present


class StateRefused(CampaignError):
    """An opening, a pause or a freezing that does not fit where the campaign stands."""


class StepInvalid(CampaignError):
    """A step of the countdown that does not exist, or a change that it cannot take."""


class ExtensionRefused(CampaignError):
    """A deadline that cannot be moved as asked."""


class ListInvalid(CampaignError):
    """A file of people or addresses that cannot be read as a whole; single bad lines are told one by one."""


class ReportInvalid(CampaignError):
    """A report of a mail system that cannot be read."""


class ReminderInvalid(CampaignError):
    """A reminder that cannot be kept: no address, or a moment after the campaign's end."""


class CampaignNotOpen(CampaignError):
    """A gift offered before the opening or after the deadline."""


class CampaignPaused(CampaignNotOpen):
    """A gift by card while staff have stopped taking them; the sentence is their reason."""


class NotFound(CampaignError):
    """What was asked for does not exist."""


class TransitionRefused(CampaignError):
    """A state that may not follow the present one; see `campaign.models.states`."""


class FactMismatch(CampaignError):
    """Stripe's fact contradicts our record (amount, currency or owner): a person must look."""


class ChangeRefused(CampaignError):
    """A change that a monthly gift cannot take, for example because it has ended."""


class OfflineGiftInvalid(CampaignError):
    """A cheque, cash or other gift that cannot be entered as told: `faults` names the field of each, or '' for all."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(" ".join(faults.values()))
        self.faults = faults


class OfflineGiftKnown(CampaignError):
    """A reference under which a gift was entered before: by whom and when."""


class ReversalRefused(CampaignError):
    """An offline gift that cannot be taken back as asked."""


class DepositRefused(CampaignError):
    """A deposit batch that is closed, or empty, or takes no such gift."""


class NoteRefused(CampaignError):
    """A note that says nothing, or too much."""


class MergeRefused(CampaignError):
    """Two donors that cannot be made one, or parted, as asked."""


class DonorInvalid(CampaignError):
    """A correction of a donor that cannot be made: `field` is name, email or address."""

    def __init__(self, words: str, field: str) -> None:
        super().__init__(words)
        self.field = field


class DonorKnown(DonorInvalid):
    """Another donor has this address already, `donor_id`: the two may be one person."""

    def __init__(self, words: str, donor_id: int) -> None:
        super().__init__(words, "email")
        self.donor_id = donor_id


class ErasureRefused(CampaignError):
    """A donor who cannot be erased yet: something of theirs is still under way."""


class RefundRefused(CampaignError):
    """A refund that cannot be made: not paid, nothing or less left, or Stripe's own refusal in its words."""


class RefundUnconfirmed(CampaignError):
    """A refund that is written down and that Stripe has not confirmed: it is looked up and finished by the workers."""


class GatewayUnavailable(CampaignError):
    """Stripe did not answer, or asked us to come back later. Repeating with the same key is safe."""


class GatewayKeySpent(GatewayUnavailable):
    """Stripe answered with a failure and may keep it under this idempotency key: a repeat needs a new key.

    https://docs.stripe.com/api/idempotent_requests
    """


class GatewayThrottled(GatewayKeySpent):
    """Stripe asked us to slow down, and did nothing. It does not keep that answer; whoever stands between us may."""


class GatewayBusy(GatewayUnavailable):
    """Another request with the same idempotency key is still being worked on."""


class GatewayRefused(CampaignError):
    """Stripe understood the request and refused it; repeating it will not help."""


class GatewayMissing(GatewayRefused):
    """Stripe knows no object of that name, in this account and mode."""


class WebhookRefused(CampaignError):
    """A webhook that is not Stripe's, not fresh, not readable or of the other mode."""


class MailRefused(CampaignError):
    """The receiving server refused a message for good (5xx).

    `recipient`: it is the address that it refused, not what we said or who we are.
    """

    def __init__(self, words: str, *, recipient: bool = False) -> None:
        super().__init__(words)
        self.recipient = recipient


class MailDelayed(CampaignError):
    """The message could not be handed over now (4xx, connection lost), and certainly was not."""


class MailUnknown(CampaignError):
    """The connection broke after the message was handed over and before the server said what it did with it."""


class ResendRefused(CampaignError):
    """A message that must not be sent again: the reason, without a full stop."""


class StaffRefused(CampaignError):
    """A change of the team, or of a member's ways to sign in, that cannot be made."""
