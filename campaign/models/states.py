"""What a donation, subscription, event or message may be, and what it may become.

Until a donation is paid its states form an order of strength: facts about one gift arrive in any order and any number
of times, and the strongest one wins. From then on its state is what its ledger entries say, computed anew after each.
So the same set of facts always ends in the same state.
"""

from enum import StrEnum

from campaign.core.errors import TransitionRefused


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
    session ended unused. processing: a bank debit is promised. failed: that promise was broken, be it after it seemed
    kept. paid: money came. partially_refunded, refunded: some or all of it went back. disputed: a bank has taken it
    back for now. lost: for good.
    """

    pending = "pending"
    declined = "declined"
    expired = "expired"
    processing = "processing"
    failed = "failed"
    paid = "paid"
    partially_refunded = "partially_refunded"
    refunded = "refunded"
    disputed = "disputed"
    dispute_lost = "dispute_lost"


SETTLED_STATES = (
    DonationState.paid,
    DonationState.partially_refunded,
    DonationState.refunded,
    DonationState.disputed,
    DonationState.dispute_lost,
)
"""The money came, whatever became of it; such a donation has a payment in the ledger and a receipt."""


def _may_become(state: DonationState) -> frozenset[DonationState]:
    settled = frozenset(SETTLED_STATES)
    if state in settled:
        return (settled | {DonationState.failed}) - {state}
    stronger = list(DonationState)[list(DonationState).index(state) + 1 :]
    return frozenset(stronger) - (settled - {DonationState.paid})


DONATION_TRANSITIONS: dict[DonationState, frozenset[DonationState]] = {
    state: _may_become(state) for state in DonationState
}
"""Short of paid, each state may become any stronger one, up to paid. From there any of the settled states may follow
any other, and `failed`: a bank may take back a debit that had succeeded. A trigger of the database holds the same.
"""

OPEN_STATES = (DonationState.pending, DonationState.processing)
"""While a donation is one of these, the same form posted again is the same donation."""


class SubscriptionState(StrEnum):
    """A monthly or yearly gift: going on, with a renewal unpaid, resting at the donor's wish, or ended."""

    active = "active"
    past_due = "past_due"
    paused = "paused"
    ended = "ended"


class LedgerKind(StrEnum):
    """What moved the money.

    payment_reversed: a bank took back a debit that had succeeded. refund_failed: a refund came back. dispute: a bank took
    the money for a dispute; dispute_reversed: it gave it back. fee: what Stripe kept, known only afterwards; it moves
    nothing. correction: staff change a result that is final, with a reason.
    """

    payment = "payment"
    payment_reversed = "payment_reversed"
    refund = "refund"
    refund_failed = "refund_failed"
    dispute = "dispute"
    dispute_reversed = "dispute_reversed"
    fee = "fee"
    correction = "correction"


class ReceiptKind(StrEnum):
    """The first receipt of a gift, one that corrects it, one that says that nothing is left of it."""

    receipt = "receipt"
    corrected = "corrected"
    void = "void"


class RefundState(StrEnum):
    """A refund, in the order of strength: asked for by staff, under way, done, come back.

    refused: Stripe would not begin it. The last three are ends; `failed` and `canceled` bring the money back.
    """

    requested = "requested"
    refused = "refused"
    pending = "pending"
    succeeded = "succeeded"
    failed = "failed"
    canceled = "canceled"


class InboxState(StrEnum):
    """A stored Stripe event: waiting, applied, of no interest, to be tried again, given up."""

    received = "received"
    done = "done"
    ignored = "ignored"
    failed = "failed"
    given_up = "given_up"


class OutboxState(StrEnum):
    """A message: waiting (at first or again), claimed by a worker, handed over, refused for good, or dropped because
    what it was to tell was no longer so when its turn came."""

    queued = "queued"
    sending = "sending"
    sent = "sent"
    failed = "failed"
    dropped = "dropped"


class StepBasis(StrEnum):
    """What a step of the countdown is reckoned from: the opening, the end by days or by hours, or after the end."""

    opening = "opening"
    days_before = "days_before"
    hours_before = "hours_before"
    after_end = "after_end"


class ReminderChoice(StrEnum):
    """When someone asked to be reminded."""

    tomorrow = "tomorrow"
    three_days = "three_days"
    last_day = "last_day"


class SuppressionReason(StrEnum):
    """Why an address gets no more appeals.

    refused: our mail server or the recipient's refused it for good. imported: it came with a list.
    """

    unsubscribed = "unsubscribed"
    bounced = "bounced"
    complained = "complained"
    refused = "refused"
    imported = "imported"


class StaffRole(StrEnum):
    """What a member of staff may do; each may also do what those before it may.

    viewer: look. finance: envelopes, refunds, donors, exports, books, the audit log. admin: the campaign, staff,
    tokens and webhooks.
    """

    viewer = "viewer"
    finance = "finance"
    admin = "admin"

    def includes(self, other: "StaffRole") -> bool:
        """Whether who has this role may do what `other` may."""
        ranks = list(StaffRole)
        return ranks.index(self) >= ranks.index(other)


class OfflineKind(StrEnum):
    """How a gift came that did not come through Stripe."""

    cheque = "cheque"
    cash = "cash"
    donor_advised_fund = "donor_advised_fund"
    stock = "stock"


class ReversalReason(StrEnum):
    """Why an offline gift no longer counts: its bank gave it back, it was entered by mistake, we sent it back."""

    bounced = "bounced"
    mistake = "mistake"
    returned = "returned"


class TallyKind(StrEnum):
    """The aspects by which a campaign's gifts are counted."""

    hour = "hour"
    size = "size"
    code = "code"
    frequency = "frequency"


class DeliveryState(StrEnum):
    """An outgoing webhook: waiting, claimed, taken by its receiver, given up."""

    queued = "queued"
    sending = "sending"
    delivered = "delivered"
    failed = "failed"


def require_transition(present: DonationState, wanted: DonationState) -> None:
    """Raise TransitionRefused unless a donation may go from `present` to `wanted`."""
    if wanted not in DONATION_TRANSITIONS[present]:
        raise TransitionRefused(f"A donation that is {present} cannot become {wanted}.")
