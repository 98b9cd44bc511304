"""The errors that the rooms raise and the edges turn into answers.

Each carries a sentence for a person; `retry` says whether trying again can help. Anyone may import this module.
"""


class CampaignError(Exception):
    """A refusal with its reason in words. `str(error)` is fit to be shown."""

    retry = False


class ConfigurationError(CampaignError):
    """Settings are missing or wrong; the message lists every fault, a line each."""


class AmountInvalid(CampaignError):
    """An amount that cannot be read, or lies outside what can be charged."""


class DeadlineInvalid(CampaignError):
    """A deadline, start or time zone that names no moment, or two."""


class CampaignInvalid(CampaignError):
    """A campaign that cannot be created as asked."""


class CampaignNotOpen(CampaignError):
    """A gift offered before the opening or after the deadline."""


class NotFound(CampaignError):
    """What was asked for does not exist."""


class TransitionRefused(CampaignError):
    """A state that may not follow the present one; see `campaign.models.states`."""


class FactMismatch(CampaignError):
    """Stripe's fact contradicts our record (amount, currency or owner): a person must look."""


class GatewayUnavailable(CampaignError):
    """Stripe did not answer, or asked us to come back later. Repeating with the same key is safe."""

    retry = True


class GatewayKeySpent(GatewayUnavailable):
    """Stripe answered with a failure and may keep it under this idempotency key: a repeat needs a new key.

    https://docs.stripe.com/api/idempotent_requests
    """


class GatewayBusy(GatewayUnavailable):
    """Another request with the same idempotency key is still being worked on."""


class GatewayRefused(CampaignError):
    """Stripe understood the request and refused it; repeating it will not help."""


class WebhookRefused(CampaignError):
    """A webhook that is not Stripe's, not fresh, not readable or of the other mode."""


class MailRefused(CampaignError):
    """The receiving server refused a message for good (5xx)."""


class MailDelayed(CampaignError):
    """The message could not be handed over now (4xx, connection lost)."""

    retry = True
