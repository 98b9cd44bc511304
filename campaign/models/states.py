"""The states of donations, subscriptions, events and emails, and the allowed transitions.

Until a donation is paid, its states are ordered by strength: facts about it may arrive in any order and repeatedly, and
the strongest one wins. From then on its state is computed from its ledger entries after each one. So the same set of
facts always leads to the same state.
"""

from enum import StrEnum

from campaign.core.errors import TransitionRefused


class CampaignState(StrEnum):
    """A campaign's state by its dates; computed, never stored."""

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

    pending: the donor was sent to Stripe. declined: the card was declined; the donor may try another. expired: the
    session expired without a payment. processing: a bank debit is pending. failed: the debit failed, possibly after it
    appeared to succeed. paid: the money arrived. partially_refunded, refunded: some or all of it was refunded.
    disputed: an open dispute withdrew the money, or a lost one is being appealed. dispute_lost: the dispute was lost,
    or resolved in the donor's favor before it became one.
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
"""The money arrived, whatever happened later; such a donation has a payment in the ledger and a receipt."""


def _may_become(state: DonationState) -> frozenset[DonationState]:
    settled = frozenset(SETTLED_STATES)
    if state in settled:
        return (settled | {DonationState.failed}) - {state}
    stronger = list(DonationState)[list(DonationState).index(state) + 1 :]
    return frozenset(stronger) - (settled - {DonationState.paid})


DONATION_TRANSITIONS: dict[DonationState, frozenset[DonationState]] = {
    state: _may_become(state) for state in DonationState
}
"""Before `paid`, each state may change to any stronger one, up to `paid`. From then on, any settled state may change to
any other or to `failed`: a bank may reverse a debit that had succeeded. A database trigger enforces the same rules.
"""

OPEN_STATES = (DonationState.pending, DonationState.processing)
"""While a donation is in one of these states, submitting the same form again returns the same donation."""


class SiegeScope(StrEnum):
    """Whose attempts to give cost something in a siege: `scripts`, that skipped our pages, or everyone's."""

    scripts = "scripts"
    everyone = "everyone"


class SubscriptionState(StrEnum):
    """A monthly or yearly gift: active, with an unpaid renewal, paused by the donor, or ended."""

    active = "active"
    past_due = "past_due"
    paused = "paused"
    ended = "ended"


class LedgerKind(StrEnum):
    """The kind of a ledger entry.

    payment_reversed: the bank reversed a debit that had succeeded. refund_failed: a refund failed and its amount was
    returned to us. dispute: the bank withdrew the disputed amount, in the gift's currency; dispute_reversed: it
    returned that amount. dispute_gain_loss: what the bank kept of a dispute beyond those two, in the bank's currency:
    a second movement, a rounding, an exchange; its `amount` is 0, and its `fee` is the loss (negative: a gain). fee:
    Stripe's fee, learned later; its amount is 0. correction: staff changed a final result, with a reason.
    """

    payment = "payment"
    payment_reversed = "payment_reversed"
    refund = "refund"
    refund_failed = "refund_failed"
    dispute = "dispute"
    dispute_reversed = "dispute_reversed"
    dispute_gain_loss = "dispute_gain_loss"
    fee = "fee"
    correction = "correction"


class ReceiptKind(StrEnum):
    """The first receipt of a gift, a corrected one, or one that voids it because nothing remains."""

    receipt = "receipt"
    corrected = "corrected"
    void = "void"


class RefundState(StrEnum):
    """A refund's state, weakest first.

    requested: by staff. refused: Stripe rejected the request. The last three are final; with `failed` and `canceled`
    the money returns to us.
    """

    requested = "requested"
    refused = "refused"
    pending = "pending"
    succeeded = "succeeded"
    failed = "failed"
    canceled = "canceled"


class InboxState(StrEnum):
    """A stored Stripe event: waiting, applied, ignored, failed and to be retried, or given up.

    held: it cannot be applied as things are, such as while Stripe does not let us read its object. Staff see it, and it
    is tried again for as long as it takes.
    """

    received = "received"
    done = "done"
    ignored = "ignored"
    failed = "failed"
    given_up = "given_up"
    held = "held"


class AccountObject(StrEnum):
    """What somebody may have made at Stripe beside the form."""

    payment = "payment"
    subscription = "subscription"


class AdoptionAction(StrEnum):
    """What staff do with it."""

    take_in = "take_in"
    leave_alone = "leave_alone"


class OutboxState(StrEnum):
    """An outbox email's state.

    queued: waiting for its first or next attempt. sending: claimed by a worker. sent: accepted by the mail server.
    failed: rejected permanently, or given up. dropped: no longer true or needed when its turn came.
    """

    queued = "queued"
    sending = "sending"
    sent = "sent"
    failed = "failed"
    dropped = "dropped"


class StepBasis(StrEnum):
    """What a step of the email schedule is relative to: the opening, days or hours before the end, or after the end."""

    opening = "opening"
    days_before = "days_before"
    hours_before = "hours_before"
    after_end = "after_end"


class ReminderChoice(StrEnum):
    """When a person asked to be reminded."""

    tomorrow = "tomorrow"
    three_days = "three_days"
    last_day = "last_day"


class MailLane(StrEnum):
    """How an email is sent: campaign emails (bulk), or one to a single person about something of theirs."""

    bulk = "bulk"
    single = "single"


class SuppressionReason(StrEnum):
    """Why an address gets no more appeals.

    refused: a mail server, ours or the recipient's, permanently rejected it. imported: it was in an imported list.
    """

    unsubscribed = "unsubscribed"
    bounced = "bounced"
    complained = "complained"
    refused = "refused"
    imported = "imported"


class Giving(StrEnum):
    """How a subscriber gives: `campaign.outreach.giving_segments` defines each.

    `recent`: gave in the last 365 days, or a yearly gift is running.
    """

    monthly = "monthly"
    recent = "recent"
    lapsed = "lapsed"
    never = "never"


class ListServiceName(StrEnum):
    """A service that keeps a list of subscribers."""

    mailchimp = "mailchimp"
    brevo = "brevo"
    listmonk = "listmonk"


class StaffRole(StrEnum):
    """A staff member's role. Each role includes the permissions of those before it.

    viewer: read. finance: offline gifts, refunds, donors, exports, the ledger, the audit log. admin: campaigns, staff,
    API tokens and webhooks.
    """

    viewer = "viewer"
    finance = "finance"
    admin = "admin"

    def includes(self, other: "StaffRole") -> bool:
        """Return whether this role has all permissions of `other`."""
        ranks = list(StaffRole)
        return ranks.index(self) >= ranks.index(other)


class OfflineKind(StrEnum):
    """How a gift outside Stripe was made."""

    cheque = "cheque"
    cash = "cash"
    donor_advised_fund = "donor_advised_fund"
    stock = "stock"


class ReversalReason(StrEnum):
    """Why an offline gift was reversed: the bank returned it, it was entered by mistake, or we returned it."""

    bounced = "bounced"
    mistake = "mistake"
    returned = "returned"


class TallyKind(StrEnum):
    """The dimensions by which a campaign's gifts are counted."""

    hour = "hour"
    size = "size"
    code = "code"
    frequency = "frequency"


class DeliveryState(StrEnum):
    """An outgoing webhook delivery: queued, claimed by a worker, accepted by the receiver, or given up."""

    queued = "queued"
    sending = "sending"
    delivered = "delivered"
    failed = "failed"


def require_transition(present: DonationState, wanted: DonationState) -> None:
    """Raise TransitionRefused unless a donation may go from `present` to `wanted`."""
    if wanted not in DONATION_TRANSITIONS[present]:
        raise TransitionRefused(f"A donation that is {present} cannot become {wanted}.")


class FileImportState(StrEnum):
    """Where an uploaded file is: being checked, checked, being imported, done, or refused as a whole."""

    checking = "checking"
    checked = "checked"
    importing = "importing"
    done = "done"
    failed = "failed"
