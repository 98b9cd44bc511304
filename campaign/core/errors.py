"""The errors that packages raise and the edges turn into responses. Each carries a sentence for people.

A class is defined here only if some code catches it by type; otherwise raise CampaignError.
"""

from collections.abc import Callable

from campaign.core.refused_parts import RefusedPart
from campaign.core.refused_replies import RefusedReply


class CampaignError(Exception):
    """An error whose message people can read. `str(error)` can be shown to them.

    `AmountInvalid("At most %(most)s.", most="$5")` keeps the sentence separate from its values, so that a page can
    translate it into the reader's language with `translated`.
    """

    def __init__(self, message: str = "", **values: object) -> None:
        super().__init__(message % values if values else message)
        self.message = message
        self.values = values

    def translated(self, gettext: Callable[[str], str]) -> str:
        """Return the message translated by `gettext`."""
        message = gettext(self.message) if self.message else str(self)
        return message % self.values if self.values else message


class ConfigurationError(CampaignError):
    """Settings are missing or invalid; the message lists each on its own line."""


class AmountInvalid(CampaignError):
    """An amount that cannot be read or cannot be charged."""


class DeadlineInvalid(CampaignError):
    """A deadline, start or time zone that is invalid, or a local time that is skipped or repeated."""


class CampaignInvalid(CampaignError):
    """A campaign that cannot be created as requested."""


class FieldsInvalid(CampaignInvalid):
    """A campaign, a change to it or a matching gift that cannot be saved as entered: `faults` by field name."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(" ".join(faults.values()))
        self.faults = faults


class ChangedMeanwhile(CampaignError):
    """Someone else saved since the form was shown: `present` holds the fields they changed, by field name."""

    def __init__(self, present: dict[str, str]) -> None:
        super().__init__(
            "Someone else changed this while you were editing. Check the differences and save again."
        )
        self.present = present


class SubscriberInvalid(CampaignError):
    """A subscriber who cannot be added as entered: `faults` by field name. `known_id` is the one with that address."""

    def __init__(self, faults: dict[str, str], known_id: int | None = None) -> None:
        super().__init__(" ".join(faults.values()))
        self.faults = faults
        self.known_id = known_id


class SuppressionChangeRefused(CampaignError):
    """A suppression that cannot be added or undone as requested. `field` is the one to correct."""

    def __init__(self, message: str, field: str = "reason") -> None:
        super().__init__(message)
        self.field = field


class StateRefused(CampaignError):
    """Opening, pausing or finalizing a campaign is not possible in its current status."""


class StepInvalid(CampaignError):
    """A step of the email schedule that does not exist, or an invalid change to one.

    `field` is the part of the form that it belongs to: key, before, expires, subject or opening.
    """

    def __init__(self, message: str, field: str = "key") -> None:
        super().__init__(message)
        self.field = field


class ExtensionRefused(CampaignError):
    """A deadline that cannot be moved as requested. `field` is the one to correct: deadline or reason."""

    def __init__(self, message: str, field: str = "deadline") -> None:
        super().__init__(message)
        self.field = field


class ListInvalid(CampaignError):
    """A file of people or addresses that cannot be read at all. Single bad lines are reported one by one."""


class ReportInvalid(CampaignError):
    """A bounce or complaint report that cannot be read."""


class ReminderInvalid(CampaignError):
    """A reminder that cannot be saved: no address, or a time after the campaign's end."""


class CampaignNotOpen(CampaignError):
    """A gift before the campaign opened or after its deadline."""


class CampaignPaused(CampaignNotOpen):
    """A gift by card while staff have paused the campaign; the message is their reason."""


class ExportRefused(CampaignError):
    """A file that cannot be made for an accounting program."""


class NotFound(CampaignError):
    """The requested object does not exist."""


class TransitionRefused(CampaignError):
    """A state that cannot follow the current one; see `campaign.models.states`."""


class FactMismatch(CampaignError):
    """Stripe's data contradicts our record (amount, currency or owner). Staff must review it."""


class EventHeld(CampaignError):
    """A Stripe event that cannot be applied as things are. It waits where staff see it, and is tried again."""


class ChangeRefused(CampaignError):
    """A change to a monthly gift that is not possible, for example because it has been canceled."""


class OfflineGiftInvalid(CampaignError):
    """An offline gift that cannot be entered as given: `faults` by field name, or '' for the whole gift."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(" ".join(faults.values()))
        self.faults = faults


class OfflineGiftKnown(CampaignError):
    """An offline gift was already entered under this reference; the message says by whom and when."""


class ReversalRefused(CampaignError):
    """An offline gift that cannot be reversed as requested."""


class DepositRefused(CampaignError):
    """A deposit that is closed or empty, or cannot contain this gift."""


class NoteRefused(CampaignError):
    """A note that is empty or too long."""


class MergeRefused(CampaignError):
    """Two donors that cannot be merged, or unmerged, as requested."""


class DonorInvalid(CampaignError):
    """An invalid correction of a donor: `field` is name, email or address."""

    def __init__(self, words: str, field: str) -> None:
        super().__init__(words)
        self.field = field


class DonorKnown(DonorInvalid):
    """Another donor, `donor_id`, already has this address: the two may be the same person."""

    def __init__(self, words: str, donor_id: int) -> None:
        super().__init__(words, "email")
        self.donor_id = donor_id


class ErasureRefused(CampaignError):
    """A donor who cannot be erased yet: a gift or payment of theirs is still active."""


class RefundRefused(CampaignError):
    """A refund that is not possible: not paid, not enough refundable, or rejected by Stripe in its own words."""


class RefundUnconfirmed(CampaignError):
    """A refund that is recorded but that Stripe has not confirmed: the workers check on it and finish it."""


class GatewayUnavailable(CampaignError):
    """Stripe did not respond, or asked us to try again later. Retrying with the same idempotency key is safe."""


class GatewayForbidden(GatewayUnavailable):
    """Stripe does not accept our key, or a restricted key lacks `permission` ('' if Stripe names none).

    It works again once someone has changed the key at Stripe.
    """

    def __init__(self, message: str, permission: str = "") -> None:
        super().__init__(message)
        self.permission = permission


class GatewayKeySpent(GatewayUnavailable):
    """Stripe responded with an error and may store it under this idempotency key: a retry needs a new key.

    https://docs.stripe.com/api/idempotent_requests
    """


class GatewayThrottled(GatewayKeySpent):
    """Stripe rate-limited the request and did nothing. It does not store that response, but a proxy in between may."""


class GatewayBusy(GatewayUnavailable):
    """Another request with the same idempotency key is still in progress."""


class GatewayRefused(CampaignError):
    """Stripe understood the request and rejected it; a retry will not help. `part`: what it objects to."""

    def __init__(self, message: str = "", part: RefusedPart = RefusedPart.unknown) -> None:
        super().__init__(message)
        self.part = part


class GatewayMissing(GatewayRefused):
    """Stripe has no object with that ID in this account and mode."""


class SettleRefused(CampaignError):
    """A discrepancy that cannot be settled: no reason, settled already, or repaired meanwhile."""


class ReceiptsHeld(CampaignError):
    """A receipt after a restore, before Stripe was asked for the highest number ever given; try again later."""


class WebhookRefused(CampaignError):
    """A webhook that is not from Stripe, too old, unreadable, or from the wrong mode (live or test)."""


class MailRefused(CampaignError):
    """The message will never be delivered as it is.

    `recipient`: the mail server permanently rejected the address itself, and said so in `reply`. Otherwise SMTP cannot
    carry the address, and the server was not even asked.
    """

    def __init__(
        self, words: str, *, recipient: bool = False, reply: RefusedReply | None = None
    ) -> None:
        super().__init__(words)
        self.recipient = recipient
        self.reply = reply


class MailDelayed(CampaignError):
    """The message was certainly not delivered, and the recipient is not at fault; a later attempt may succeed.

    `reply` is what the mail server said, or None if it said nothing (connection lost).
    """

    def __init__(self, words: str, *, reply: RefusedReply | None = None) -> None:
        super().__init__(words)
        self.reply = reply


class MailTooLarge(MailDelayed):
    """The message is larger than the mail server accepts; without its attachments it may be accepted."""


class MailUnknown(CampaignError):
    """The connection broke after the message was sent and before the server confirmed it; it may have arrived."""


class ResendRefused(CampaignError):
    """A message that must not be sent again: the reason, without a period."""


class StaffRefused(CampaignError):
    """A change to the team, or to how a member signs in, that is not possible."""
