"""Store past gifts: donor, donation, ledger entries marked as past, and their origin. Nobody is mailed about them.

A batch is one transaction of the caller's, and once: a gift that is known by its system's id, or because its payment at
Stripe is booked here, is left as it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.core import clock
from campaign.core.booking_context import BookingContext
from campaign.core.csv_lists import RejectedLine
from campaign.core.locks import AdvisoryLock, lock_all_until_commit, lock_until_commit
from campaign.ledger.settlement import attach_pending_evidence
from campaign.mailer.kinds import EmailKind
from campaign.models import (
    Campaign,
    Charge,
    Dispute,
    Donation,
    DonationState,
    InvoicePayment,
    LedgerEntry,
    LedgerKind,
    OutboxMessage,
    OutboxState,
    PastGift,
    PaymentLookup,
    Refund,
)
from campaign.models.base import new_public_id
from campaign.moving.archive import get_archive
from campaign.moving.gift_rows import PastGiftRow
from campaign.moving.past_donors import PastDonors
from campaign.moving.same_gifts import sort_out_alike
from campaign.receipts.receipts import correct_receipt, issue_receipt

NOT_EMAILED = "a past gift's receipt is issued without an email"


@dataclass(frozen=True)
class GiftPlan:
    """Where a file's gifts come from and count. `campaign`: None for none; `timezone`: the organization's.

    `receipts`: issue receipts of ours, without emails. `alike`: also store gifts that look like one of another system.
    """

    system: str
    timezone: str
    campaign: Campaign | None = None
    receipts: bool = False
    alike: bool = False


@dataclass
class StoredGifts:
    """What came of a batch. Amounts by currency, in minor units: `given` with covered fees, and `refunded` of it.

    `known`: imported before; `booked`: here already, from Stripe; `joined`: a gift that another system's file brought
    and that now knows its payment at Stripe; `counted`: count for the campaign.
    """

    added: int = 0
    known: int = 0
    booked: int = 0
    joined: int = 0
    counted: int = 0
    given: dict[str, int] = field(default_factory=dict)
    refunded: dict[str, int] = field(default_factory=dict)
    refused: list[RejectedLine] = field(default_factory=list)


def store_past_gifts(
    session: Session, rows: Sequence[PastGiftRow], plan: GiftPlan, books: BookingContext
) -> StoredGifts:
    """Store the rows that are not known yet. Two imports at once follow one another, a batch at a time."""
    stored = StoredGifts()
    lock_until_commit(session, AdvisoryLock.GIFT_IMPORT)
    lock_all_until_commit(session, AdvisoryLock.PAYMENT, _payment_names(rows))
    fresh = _without_known(session, rows, plan, stored)
    donors = PastDonors(session, plan.system)
    donors.load(fresh)
    if not plan.alike:
        found = sort_out_alike(session, fresh, donors, plan.system)
        stored.joined, stored.refused, fresh = found.joined, found.refused, found.new
    if fresh:
        _insert(session, fresh, donors, plan, books, stored)
    return stored


def _payment_names(rows: Iterable[PastGiftRow]) -> list[str]:
    """Return what to lock, invoices before payments, as everything that books Stripe's facts does."""
    rows = list(rows)
    invoices = sorted({row.invoice for row in rows if row.invoice})
    return invoices + sorted({row.payment_intent for row in rows if row.payment_intent})


def _without_known(
    session: Session, rows: Sequence[PastGiftRow], plan: GiftPlan, stored: StoredGifts
) -> list[PastGiftRow]:
    known = set(
        session.scalars(
            select(PastGift.external_id).where(
                PastGift.system == plan.system,
                PastGift.external_id.in_([row.external_id for row in rows]),
            )
        )
    )
    booked = _booked(session, rows)
    fresh: dict[str, PastGiftRow] = {}
    for row in rows:
        if row.external_id in known or row.external_id in fresh:
            stored.known += 1
        elif booked & {row.payment_intent, row.charge, row.invoice, row.donation_id}:
            stored.booked += 1
        else:
            fresh[row.external_id] = row
    return list(fresh.values())


def _booked(session: Session, rows: Sequence[PastGiftRow]) -> set[str]:
    """Return the Stripe ids, and ids of gifts that began here, that are booked."""
    intents = _filled(row.payment_intent for row in rows)
    charges = _filled(row.charge for row in rows)
    invoices = _filled(row.invoice for row in rows)
    ours = _filled(row.donation_id for row in rows)
    queries = (
        (
            intents,
            select(Donation.payment_intent_id).where(Donation.payment_intent_id.in_(intents)),
        ),
        (
            intents,
            select(InvoicePayment.payment_id)
            .join(Donation, Donation.invoice_id == InvoicePayment.invoice_id)
            .where(InvoicePayment.payment_id.in_(intents), Donation.paid_at.is_not(None)),
        ),
        (invoices, select(Donation.invoice_id).where(Donation.invoice_id.in_(invoices))),
        (charges, select(PastGift.charge_id).where(PastGift.charge_id.in_(charges))),
        (
            charges,
            select(Charge.stripe_id).where(
                Charge.stripe_id.in_(charges), Charge.donation_id.is_not(None)
            ),
        ),
        (
            ours,
            select(Donation.public_id).where(
                Donation.public_id.in_(ours), Donation.paid_at.is_not(None)
            ),
        ),
    )
    return {name for asked, query in queries if asked for name in session.scalars(query) if name}


def _filled(names: Iterable[str]) -> list[str]:
    return [name for name in names if name]


@dataclass(frozen=True)
class _Placed:
    """A row with its donor, and its campaign: `counted` is None if it counts for none."""

    row: PastGiftRow
    donor_id: int
    campaign_id: int
    counted: int | None


def _insert(
    session: Session,
    rows: Sequence[PastGiftRow],
    donors: PastDonors,
    plan: GiftPlan,
    books: BookingContext,
    stored: StoredGifts,
) -> None:
    placed = _place(session, rows, donors, plan)
    ids = _insert_donations(session, placed, plan)
    _insert_origins(session, placed, ids, plan)
    _insert_entries(session, placed, ids, plan)
    for one in placed:
        stored.added += 1
        stored.counted += one.counted is not None
        currency = one.row.currency
        stored.given[currency] = stored.given.get(currency, 0) + one.row.total
        stored.refunded[currency] = stored.refunded.get(currency, 0) + one.row.refunded
    if plan.receipts:
        _issue_receipts(session, ids, placed, books)
    _attach_evidence(session, [one.row.payment_intent for one in placed], books)


def _place(
    session: Session, rows: Sequence[PastGiftRow], donors: PastDonors, plan: GiftPlan
) -> list[_Placed]:
    now, campaign = clock.now(), plan.campaign
    if campaign is not None:
        # Locked, so that its result is not made final before our commit.
        campaign = session.scalars(
            select(Campaign)
            .where(Campaign.id == campaign.id)
            .with_for_update(read=True, key_share=True)
            .execution_options(populate_existing=True)
        ).one()
    archives: dict[str, int] = {}
    placed = []
    for row in rows:
        donor_id = donors.get(row)
        if (
            campaign is not None
            and row.currency == campaign.currency
            and campaign.counts(row.given_at)
            and not campaign.is_final(now)
        ):
            placed.append(_Placed(row, donor_id, campaign.id, campaign.id))
            continue
        if row.currency not in archives:
            archives[row.currency] = get_archive(session, row.currency, plan.timezone).id
        placed.append(_Placed(row, donor_id, archives[row.currency], None))
    return placed


def _insert_donations(session: Session, placed: Sequence[_Placed], plan: GiftPlan) -> list[int]:
    rows = [_donation(one, plan) for one in placed]
    found = session.scalars(
        insert(Donation).returning(Donation.id, sort_by_parameter_order=True), rows
    )
    return list(found)


def _donation(one: _Placed, plan: GiftPlan) -> dict[str, Any]:
    row = one.row
    state = DonationState.paid
    if row.refunded:
        full = row.refunded >= row.total
        state = DonationState.refunded if full else DonationState.partially_refunded
    return {
        "public_id": new_public_id(),
        "campaign_id": one.campaign_id,
        "donor_id": one.donor_id,
        "attempt": f"past:{plan.system}:{row.external_id}",
        "frequency": row.frequency,
        "amount": row.amount,
        "fee_cover": row.cover,
        "currency": row.currency,
        "state": state.value,
        "email": row.email,
        "name": row.name,
        "locale": row.locale or "en",
        "anonymous": row.anonymous,
        "comment": row.comment,
        "tribute_kind": row.tribute_kind,
        "tribute_name": row.tribute_name,
        "payment_intent_id": row.payment_intent or None,
        "invoice_id": row.invoice or None,
        "created_at": row.given_at,
        "charged_at": row.given_at,
        "paid_at": row.given_at,
    }


def _insert_origins(
    session: Session, placed: Sequence[_Placed], ids: Sequence[int], plan: GiftPlan
) -> None:
    rows = [
        {
            "donation_id": donation_id,
            "system": plan.system,
            "external_id": one.row.external_id,
            "donor_ref": one.row.donor_ref,
            "plan_ref": one.row.plan_ref,
            "installment": one.row.installment,
            "method": one.row.method,
            "designation": one.row.designation,
            "charge_id": one.row.charge or None,
            "refunded": one.row.refunded,
            "receipted_here": plan.receipts,
        }
        for one, donation_id in zip(placed, ids, strict=True)
    ]
    session.execute(insert(PastGift), rows)


def _insert_entries(
    session: Session, placed: Sequence[_Placed], ids: Sequence[int], plan: GiftPlan
) -> None:
    payments, refunds = [], []
    for one, donation_id in zip(placed, ids, strict=True):
        row, own = one.row, f"past:{plan.system}:{one.row.external_id}"
        entry = {
            "campaign_id": one.counted,
            "donation_id": donation_id,
            "currency": row.currency,
            "past": True,
        }
        payments.append(
            {
                **entry,
                "kind": LedgerKind.payment.value,
                "amount": row.amount,
                "fee_cover": row.cover,
                "fee": row.fee,
                "occurred_at": row.given_at,
                # The name that an event or `campaign adopt` would give it.
                "source": row.invoice or row.payment_intent or row.charge or own,
            }
        )
        if row.refunded:
            # The gift goes first, then the covered fees (`ledger.posting`).
            gift = min(row.refunded, row.amount)
            refunds.append(
                {
                    **entry,
                    "kind": LedgerKind.refund.value,
                    "amount": -gift,
                    "fee_cover": gift - row.refunded,
                    "fee": 0,
                    "occurred_at": max(row.refunded_at or row.given_at, row.given_at),
                    "source": f"{row.charge or own}:{row.refunded}",
                }
            )
    for entries in (payments, refunds):
        if entries:
            session.execute(insert(LedgerEntry), entries)


def _issue_receipts(
    session: Session, ids: Sequence[int], placed: Sequence[_Placed], books: BookingContext
) -> None:
    now, issued = clock.now(), []
    for donation_id, one in zip(ids, placed, strict=True):
        donation = session.get_one(Donation, donation_id, with_for_update=True)
        issued.append(issue_receipt(session, donation, books, now).id)
        if one.row.refunded:
            left = max(0, one.row.total - one.row.refunded)
            corrected = correct_receipt(session, donation, left, books)
            issued += [corrected.id] if corrected else []
    session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.kind == EmailKind.receipt.value, OutboxMessage.receipt_id.in_(issued))
        .values(state=OutboxState.dropped.value, last_error=NOT_EMAILED)
        .execution_options(synchronize_session=False)
    )


def _attach_evidence(session: Session, intents: Sequence[str], books: BookingContext) -> None:
    """Book the refunds and disputes that Stripe reported before their payment was known here."""
    named = [one for one in intents if one]
    waiting: set[str] = set()
    for table in (Charge, Refund, Dispute) if named else ():
        query = select(table.payment_intent_id).where(
            table.payment_intent_id.in_(named), table.donation_id.is_(None)
        )
        waiting |= {one for one in session.scalars(query) if one}
    for name in sorted(waiting):
        donation = session.scalars(
            select(Donation).where(Donation.payment_intent_id == name).with_for_update()
        ).one()
        attach_pending_evidence(session, donation, books)
    if named:
        # Somebody may have asked about it before, and learned that it is not ours.
        session.execute(delete(PaymentLookup).where(PaymentLookup.payment_intent_id.in_(named)))
