"""Stripe's balance transactions in a temporary table, and the donation each payment belongs to.

With the table, weeks of transactions take no more memory than one page. It exists on one connection only, so pass a
session that is bound to one.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    MetaData,
    Numeric,
    Table,
    Text,
    exists,
    false,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session, aliased

from campaign.ledger.balance_transactions import PaymentTransaction
from campaign.models import Donation, InvoicePayment, PaymentLookup

BALANCE_TRANSACTIONS = Table(
    "stripe_balance_transaction",
    MetaData(),
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("fee", BigInteger, nullable=False),
    Column("fee_currency", Text, nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("source_id", Text, nullable=False),
    Column("payment_intent_id", Text, nullable=False, index=True),
    Column("public_id", Text),
    Column("bare", Boolean, nullable=False),
    Column("source", JSONB, nullable=False),
    Column("settled_amount", BigInteger, nullable=False),
    Column("exchange_rate", Numeric),
    Column("donation_id", BigInteger, index=True),
    Column("renewal_of", Text),
    Column("lost", Text),
    Column("lost_campaign", Text),
    Column("foreign", Boolean, nullable=False, server_default=false()),
    prefixes=["TEMPORARY"],
)
"""`donation_id`: the donation it belongs to. `renewal_of`: if the ledger lacks this renewal, the public id of the
subscription's first donation. `lost`: the public id of a donation of ours that is not in this database, and the slug
of its campaign. `foreign`: it belongs to another seller on the same Stripe account."""


OWNER_DELAY = timedelta(hours=1)
"""How long after a balance transaction Stripe's answer about the payment's owner counts as complete."""


def create_table(session: Session) -> None:
    """Create the table, empty."""
    drop_table(session)
    BALANCE_TRANSACTIONS.create(session.connection())


def drop_table(session: Session) -> None:
    """Drop the table before the connection returns to the pool."""
    BALANCE_TRANSACTIONS.drop(session.connection(), checkfirst=True)


def add_transactions(session: Session, page: Sequence[PaymentTransaction]) -> None:
    """Add the transactions that are not in the table yet."""
    if page:
        rows = [asdict(one) for one in page]
        session.execute(insert(BALANCE_TRANSACTIONS).on_conflict_do_nothing(), rows)


def match_transactions(session: Session) -> None:
    """Match each transaction to its donation, as far as our own tables allow. Repeat it when more is known.

    A stored answer that a payment is not ours counts only if Stripe gave it an hour or more after the money moved:
    before that, an invoice may not name its payment yet.
    """
    # The default timeout is meant for requests; weeks of transactions may take longer.
    session.execute(text("SET LOCAL statement_timeout = '10min'"))
    known = aliased(Donation)
    unknown = BALANCE_TRANSACTIONS.c.donation_id.is_(None)
    _match(session, select(known.payment_intent_id, known.id), unknown)
    _match(
        session,
        select(InvoicePayment.payment_id, known.id).join(
            known, known.invoice_id == InvoicePayment.invoice_id
        ),
        unknown,
    )
    _match(
        session,
        select(BALANCE_TRANSACTIONS.c.payment_intent_id, known.id).join(
            known, known.public_id == BALANCE_TRANSACTIONS.c.public_id
        ),
        unknown,
    )
    session.execute(
        update(BALANCE_TRANSACTIONS)
        .where(
            unknown,
            exists().where(
                PaymentLookup.payment_intent_id == BALANCE_TRANSACTIONS.c.payment_intent_id,
                PaymentLookup.ours.is_(False),
                PaymentLookup.answered_at > BALANCE_TRANSACTIONS.c.created + OWNER_DELAY,
            ),
        )
        .values(foreign=True)
    )


def _match(session: Session, pairs: Any, unknown: Any) -> None:
    """Set the donation of unmatched transactions. `pairs` is a query of (payment intent, donation id)."""
    intent, donation_id = pairs.subquery("pairs").c
    session.execute(
        update(BALANCE_TRANSACTIONS)
        .where(unknown, BALANCE_TRANSACTIONS.c.payment_intent_id == intent)
        .values(donation_id=donation_id, renewal_of=None, lost=None)
    )


def list_unmatched_payments(session: Session) -> list[str]:
    """Return unmatched payments that may have paid an invoice, or that name a donation: Stripe is asked about them."""
    return list(
        session.scalars(
            select(BALANCE_TRANSACTIONS.c.payment_intent_id)
            .where(
                BALANCE_TRANSACTIONS.c.donation_id.is_(None),
                BALANCE_TRANSACTIONS.c.renewal_of.is_(None),
                BALANCE_TRANSACTIONS.c.lost.is_(None),
                ~BALANCE_TRANSACTIONS.c.foreign,
            )
            .group_by(BALANCE_TRANSACTIONS.c.payment_intent_id)
            .having(
                or_(
                    ~func.coalesce(func.bool_or(BALANCE_TRANSACTIONS.c.bare), False),
                    func.count(BALANCE_TRANSACTIONS.c.public_id) > 0,
                )
            )
            .order_by(BALANCE_TRANSACTIONS.c.payment_intent_id)
        )
    )


def record_owner(
    session: Session,
    payment_intent_id: str,
    *,
    donation_id: int | None,
    renewal_of: str | None,
    lost: tuple[str, str] | None = None,
) -> None:
    """Save Stripe's answer: a donation's payment, an unbooked renewal's, or (none given) somebody else's.

    `lost`: the public id and campaign of a donation that this database lacks.
    """
    public_id, campaign = lost or (None, None)
    session.execute(
        update(BALANCE_TRANSACTIONS)
        .where(BALANCE_TRANSACTIONS.c.payment_intent_id == payment_intent_id)
        .values(
            donation_id=donation_id,
            renewal_of=renewal_of,
            lost=public_id,
            lost_campaign=campaign,
            foreign=donation_id is None and renewal_of is None and lost is None,
        )
    )


def list_transactions(
    session: Session, *, donation_id: int | None = None, payment_intent_id: str | None = None
) -> list[PaymentTransaction]:
    """Return the transactions of a donation, or of a payment booked for no donation; oldest first."""
    asked = (
        BALANCE_TRANSACTIONS.c.donation_id == donation_id
        if donation_id is not None
        else BALANCE_TRANSACTIONS.c.payment_intent_id == payment_intent_id
    )
    columns = [BALANCE_TRANSACTIONS.c[name] for name in PaymentTransaction.__dataclass_fields__]
    rows = session.execute(
        select(*columns)
        .where(asked)
        .order_by(BALANCE_TRANSACTIONS.c.created, BALANCE_TRANSACTIONS.c.id)
    )
    return [PaymentTransaction(*row) for row in rows]


def list_unbooked_renewals(session: Session) -> list[tuple[str, str]]:
    """Return (payment intent, public id of the first donation) of renewals that the ledger lacks."""
    rows = session.execute(
        select(BALANCE_TRANSACTIONS.c.payment_intent_id, BALANCE_TRANSACTIONS.c.renewal_of)
        .where(
            BALANCE_TRANSACTIONS.c.renewal_of.is_not(None),
            BALANCE_TRANSACTIONS.c.donation_id.is_(None),
        )
        .distinct()
        .order_by(BALANCE_TRANSACTIONS.c.payment_intent_id)
    )
    return [(intent, first) for intent, first in rows]


def list_lost_payments(session: Session) -> list[tuple[str, str, str]]:
    """Return (payment intent, public id, campaign) of payments whose donation this database lacks."""
    columns = (
        BALANCE_TRANSACTIONS.c.payment_intent_id,
        BALANCE_TRANSACTIONS.c.lost,
        BALANCE_TRANSACTIONS.c.lost_campaign,
    )
    rows = session.execute(
        select(*columns)
        .where(BALANCE_TRANSACTIONS.c.lost.is_not(None))
        .group_by(*columns)
        .order_by(func.min(BALANCE_TRANSACTIONS.c.created), columns[0])
    )
    return [(intent, public_id, campaign) for intent, public_id, campaign in rows]


def count_payments(session: Session) -> tuple[int, int]:
    """Count (our payments, other payments) that moved the balance."""
    ours = or_(
        BALANCE_TRANSACTIONS.c.donation_id.is_not(None),
        BALANCE_TRANSACTIONS.c.renewal_of.is_not(None),
        BALANCE_TRANSACTIONS.c.lost.is_not(None),
    )
    names = func.count(BALANCE_TRANSACTIONS.c.payment_intent_id.distinct())
    counted = select(names.filter(ours), names.filter(~ours))
    mine, others = session.execute(counted).one()
    return mine, others


def find_booked_donation(session: Session, payment_intent_id: str) -> int | None:
    """Return the id of the donation that a payment in the table is booked for; None if there is none."""
    return session.scalar(
        select(BALANCE_TRANSACTIONS.c.donation_id)
        .where(
            BALANCE_TRANSACTIONS.c.payment_intent_id == payment_intent_id,
            BALANCE_TRANSACTIONS.c.donation_id.is_not(None),
        )
        .limit(1)
    )
