"""Our own refunds: the refundable amount, the request and its result.

Each request is saved with its Stripe request before Stripe is called. `campaign.refunds.flow` commits it, calls Stripe
and applies the answer with `ledger.refund_evidence`. After an interrupted call it looks the refund up, and
`refunds.stripe_requests` decides whether to send it again.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.core import money
from campaign.core.errors import RefundRefused
from campaign.donations.donations import lock_donation
from campaign.ledger.posting import DISPUTED, REFUNDED, load_entries
from campaign.models import Donation, LedgerKind, OfflineGift, Refund, RefundState, StripeRequest
from campaign.refunds.stripe_requests import add_refund_request

REASONS = ("duplicate", "fraudulent", "requested_by_customer")
"""Stripe's refund reasons: https://docs.stripe.com/api/refunds/create."""

MAX_NOTE_LENGTH = 500
"""Stripe's limit for a metadata value, in characters; the staff note is saved in the refund's metadata."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,64}")


@dataclass(frozen=True)
class RefundRequest:
    """A refund as requested by staff.

    `amount` is minor units, or None for everything refundable; `reason` is one of REASONS or None. `token` identifies
    the request: sending the same token twice makes one refund.
    """

    donation_id: str
    amount: int | None
    actor: audit_log.Actor
    token: str
    reason: str | None = None
    note: str = ""


@dataclass(frozen=True)
class RefundOrder:
    """A saved refund, and the Stripe request to send now if it is new."""

    refund: Refund
    call: StripeRequest | None


@dataclass(frozen=True)
class Refundable:
    """A donation's money and what of it is refundable; minor units, including covered fees."""

    charged: int
    refunded: int
    requested: int
    disputed: int
    failed: int

    @property
    def amount(self) -> int:
        """The refundable amount."""
        return max(0, self.charged - self.refunded - self.requested - self.disputed - self.failed)


def get_refundable(session: Session, donation: Donation) -> Refundable:
    """Return what is refundable of a donation; raises RefundRefused if it was not paid."""
    account = load_entries(session, donation)
    if account is None:
        raise RefundRefused(
            f"Donation {donation.public_id} is {donation.state}; there is no payment to refund."
        )
    waiting = session.scalar(
        select(func.coalesce(func.sum(Refund.amount), 0)).where(
            Refund.donation_id == donation.id, Refund.state == RefundState.requested.value
        )
    )
    return Refundable(
        charged=account.charged,
        refunded=-account.total(*REFUNDED),
        requested=int(waiting or 0),
        disputed=-account.total(*DISPUTED),
        failed=-account.total(LedgerKind.payment_reversed),
    )


def request_refund(session: Session, asked: RefundRequest, at: datetime) -> RefundOrder:
    """Save a refund and its Stripe request; a request with a known token returns the existing refund.

    Raises RefundRefused, which says how much is refundable.
    """
    donation = lock_donation(session, asked.donation_id)
    if donation is None:
        raise RefundRefused(f"There is no donation {asked.donation_id!r} here.")
    known = session.scalar(select(Refund).where(Refund.request_token == asked.token))
    if known is not None:
        if known.donation_id != donation.id:
            raise RefundRefused("This request belongs to another donation. Start a new one.")
        return RefundOrder(known, None)
    _check_request(asked)
    amount = _allowed_amount(donation, asked.amount, get_refundable(session, donation))
    _require_stripe_payment(session, donation)
    if donation.payment_intent_id is None:
        raise RefundRefused(
            f"The Stripe payment of donation {donation.public_id} is not known yet."
        )
    refund = Refund(
        request_token=asked.token,
        donation_id=donation.id,
        payment_intent_id=donation.payment_intent_id,
        amount=amount,
        currency=donation.currency,
        state=RefundState.requested.value,
        reason=asked.reason or None,
        requested_by=asked.actor.name,
        created_at=at,
    )
    session.add(refund)
    session.flush()
    call = add_refund_request(session, refund, _parameters(donation, refund, asked.note), at)
    _record(session, asked, donation, amount)
    return RefundOrder(refund, call)


def _record(session: Session, asked: RefundRequest, donation: Donation, amount: int) -> None:
    """Add the request to the audit log; its result is recorded with the donation."""
    audit_log.record(
        session,
        asked.actor,
        "donation.refunded",
        audit_log.Subject("donation", donation.public_id, donation.campaign_id),
        before={"state": donation.state},
        after={"amount": amount, "currency": donation.currency, "reason": asked.reason or ""},
    )


def _require_stripe_payment(session: Session, donation: Donation) -> None:
    offline = session.scalar(select(OfflineGift).where(OfflineGift.donation_id == donation.id))
    if offline is not None:
        raise RefundRefused(
            f"Donation {donation.public_id} did not come through Stripe ({offline.reference}), so Stripe cannot refund"
            " it. Send the donor a check, then reverse the gift on its page under Offline gifts."
        )


def _check_request(asked: RefundRequest) -> None:
    if not _TOKEN.fullmatch(asked.token):
        raise RefundRefused("The request has no valid token. Start it again.")
    if asked.reason and asked.reason not in REASONS:
        raise RefundRefused(
            f"{asked.reason!r} is not one of Stripe's refund reasons: {', '.join(REASONS)}."
        )
    if len(asked.note) > MAX_NOTE_LENGTH:
        raise RefundRefused(f"The note is longer than {MAX_NOTE_LENGTH} characters.")


def _allowed_amount(donation: Donation, wanted: int | None, left: Refundable) -> int:
    amount = left.amount if wanted is None else wanted
    if 0 < amount <= left.amount:
        return amount
    if amount < 0 or wanted == 0:
        raise RefundRefused("The amount to refund must be more than zero.")
    raise RefundRefused(
        f"Donation {donation.public_id}: {describe_refundable(left, donation.currency)}."
    )


def describe_refundable(left: Refundable, currency: str) -> str:
    """Return for example `$15 of $25 is refundable; $10 refunded`."""
    amount, charged = (money.format_money(one, currency) for one in (left.amount, left.charged))
    parts = (
        (left.refunded, "refunded"),
        (left.requested, "requested but not confirmed by Stripe yet"),
        (left.disputed, "disputed"),
        (left.failed, "reversed by the bank"),
    )
    used = [f"{money.format_money(part, currency)} {what}" for part, what in parts if part > 0]
    return "; ".join([f"{amount} of {charged} is refundable", *used])


def _parameters(donation: Donation, refund: Refund, note: str) -> dict[str, Any]:
    """Build the Stripe parameters, always with an amount, so two requests cannot refund more than their sum."""
    metadata = {"refund_request": refund.request_token, "donation_id": donation.public_id}
    asked: dict[str, Any] = {
        "payment_intent": donation.payment_intent_id,
        "amount": refund.amount,
        "metadata": metadata | ({"note": note} if note else {}),
    }
    return asked | ({"reason": refund.reason} if refund.reason else {})


def stable_request_token(session: Session, donation: Donation, amount: int | None) -> str:
    """Return a token that stays the same until the current refund is done, for callers without a form to hold one."""
    finished = session.scalar(
        select(func.count()).where(
            Refund.donation_id == donation.id,
            Refund.request_token.is_not(None),
            Refund.state != RefundState.requested.value,
        )
    )
    named = f"{donation.public_id}\x1f{amount}\x1f{finished}"
    return hashlib.sha256(named.encode()).hexdigest()[:40]


def list_unconfirmed_refunds(session: Session, before: datetime) -> list[Refund]:
    """Return the requests made before then that Stripe has not confirmed, oldest first."""
    return list(
        session.scalars(
            select(Refund)
            .where(Refund.state == RefundState.requested.value, Refund.created_at < before)
            .order_by(Refund.created_at, Refund.id)
        )
    )


def mark_refund_rejected(session: Session, refund: Refund, words: str, at: datetime) -> None:
    """Record that Stripe rejected the refund, and why, unless newer evidence says otherwise."""
    session.execute(
        update(Refund)
        .where(Refund.id == refund.id, Refund.state == RefundState.requested.value)
        .values(state=RefundState.refused.value, failure_reason=words[:500], ended_at=at)
        .execution_options(synchronize_session=False)
    )
