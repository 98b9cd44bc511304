"""What other systems call the state of a gift, and which of their rows are gifts at all."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from campaign.core.errors import ListInvalid
from campaign.moving.columns import normalized


class PastGiftState(StrEnum):
    """The state of a row.

    `complete`: the money arrived and stayed. `refunded` and `partly_refunded`: all or some of it went back. `disputed`:
    the bank took it back. The others are no gifts and are left out: `pending`, `failed`, `test` and `pledge`, a promise
    whose payments are rows of their own.
    """

    complete = "complete"
    refunded = "refunded"
    partly_refunded = "partly_refunded"
    disputed = "disputed"
    pending = "pending"
    failed = "failed"
    test = "test"
    pledge = "pledge"


LEFT_OUT: Mapping[PastGiftState, str] = {
    PastGiftState.pending: "still pending",
    PastGiftState.failed: "failed, canceled or revoked",
    PastGiftState.test: "made in test mode",
    PastGiftState.pledge: "a pledge or plan; its payments are rows of their own",
}
"""Why a row is no gift."""

# GiveWP: https://givewp.com/documentation/core/donation-statuses/ ("Renewal": a recurring payment that completed).
# Donorbox, Givebutter (https://docs.givebutter.com/reference/the-transaction-object), rev-engine (the statuses of its
# contributions), CiviCRM (https://docs.civicrm.org/user/en/latest/contributions/), Salesforce NPSP (the stages of an
# opportunity), Stripe (the dashboard's export, a payment intent's statuses, a balance transaction's category).
_NAMES: Mapping[PastGiftState, Sequence[str]] = {
    PastGiftState.complete: (
        "complete", "completed", "publish", "renewal", "give_subscription", "paid", "succeeded", "success",
        "successful", "captured", "charge", "payment", "posted", "received", "closed won", "won", "settled",
        "processed", "cleared", "deposited", "donation", "paid out", "approved", "pledgepayment",
        "recurringdonationpayment", "true", "yes",
    ),
    PastGiftState.refunded: (
        "refunded", "refund", "fully refunded", "returned", "reversed", "payment_refund",
    ),
    PastGiftState.partly_refunded: (
        "partially refunded", "partial refund", "partly refunded", "partial_refund", "refunded partially",
    ),
    PastGiftState.disputed: (
        "disputed", "dispute", "chargeback", "charged back", "lost", "dispute lost",
    ),
    PastGiftState.pending: (
        "pending", "processing", "preapproval", "authorized", "uncaptured", "open", "in progress", "overdue",
        "scheduled", "incomplete", "partially paid", "pending refund", "requires action",
        "requires payment method", "retrying", "requires confirmation", "prospecting", "qualification",
        "application submitted", "flagged", "unpaid",
    ),
    PastGiftState.failed: (
        "cancelled",  # codespell:ignore cancelled
        "failed", "failure", "declined", "abandoned", "canceled", "revoked", "expired",
        "rejected", "blocked", "closed lost", "void", "voided", "withdrawn", "declined/withdrawn", "false",
        "no", "trash", "draft", "template",
    ),
    PastGiftState.test: (
        "test", "test mode", "sandbox", "sample",
    ),
    PastGiftState.pledge: (
        "pledge", "pledged", "recurringdonation", "recurring donation plan",
    ),
}  # fmt: skip

_STATES = {normalized(name): state for state, names in _NAMES.items() for name in names}


def read_states(given: Sequence[str]) -> dict[str, PastGiftState]:
    """Return a person's `Their word=state`, by their word as it is compared. Raises ListInvalid."""
    found = {}
    for text in given:
        theirs, equals, ours = text.rpartition("=")
        known = normalized(ours).replace(" ", "_")
        if not equals or known not in set(PastGiftState):
            states = ", ".join(PastGiftState)
            raise ListInvalid(
                f'{text!r} is not a state. Write --state "Their word=complete"; the states are {states}.'
            )
        found[normalized(theirs)] = PastGiftState(known)
    return found


def read_state(cell: str, given: Mapping[str, PastGiftState]) -> PastGiftState:
    """Return the state that a cell names; an empty one is complete. Raises ValueError for an unknown word."""
    word = normalized(cell)
    if not word:
        return PastGiftState.complete
    found = given.get(word) or _STATES.get(word)
    if found is None:
        raise ValueError(
            f'{cell!r} is no state of a gift that we know; say which it is with --state "{cell}=complete"'
        )
    return found
