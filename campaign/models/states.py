"""What a donation, subscription, event or message may be, and what it may become.

Donation states form an order of strength: facts about one gift arrive in any order and any number of times, and the
strongest one wins. So the same set of facts always ends in the same state.
"""

from enum import StrEnum

from campaign.errors import TransitionRefused


class CampaignState(StrEnum):
    """Where a campaign stands on its own clock; computed, never stored."""

    upcoming = "upcoming"
    open = "open"
    closed = "closed"
    final = "final"


class Frequency(StrEnum):
    """How often a gift is made."""

    one_time = "one_time"
    monthly = "monthly"
    yearly = "yearly"


class DonationState(StrEnum):
    """A donation's state.

    pending: the donor was sent to Stripe. declined: a card was refused there; another may be tried. expired: the
    session ended unused. processing: a bank debit is promised. failed: that promise was broken. paid: money came.
    """

    pending = "pending"
    declined = "declined"
    expired = "expired"
    processing = "processing"
    failed = "failed"
    paid = "paid"


DONATION_TRANSITIONS: dict[DonationState, frozenset[DonationState]] = {
    state: frozenset(list(DonationState)[position + 1 :])
    for position, state in enumerate(DonationState)
}
"""Each state may become any stronger one, in the order of `DonationState`; nothing may go back."""

OPEN_STATES = (DonationState.pending, DonationState.processing)
"""While a donation is one of these, the same form posted again is the same donation."""


class SubscriptionState(StrEnum):
    """A monthly or yearly gift: going on, or ended."""

    active = "active"
    ended = "ended"


class LedgerKind(StrEnum):
    """What moved the money."""

    payment = "payment"


class InboxState(StrEnum):
    """A stored Stripe event: waiting, applied, of no interest, to be tried again, given up."""

    received = "received"
    done = "done"
    ignored = "ignored"
    failed = "failed"
    given_up = "given_up"


class OutboxState(StrEnum):
    """A message: waiting (at first or again), claimed by a worker, handed over, or refused for good."""

    queued = "queued"
    sending = "sending"
    sent = "sent"
    failed = "failed"


def require_transition(present: DonationState, wanted: DonationState) -> None:
    """Raise TransitionRefused unless a donation may go from `present` to `wanted`."""
    if wanted not in DONATION_TRANSITIONS[present]:
        raise TransitionRefused(f"A donation that is {present} cannot become {wanted}.")
