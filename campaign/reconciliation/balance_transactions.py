"""A walk over Stripe's balance, kept in a temporary table, and whose each payment in it was.

So weeks of movements take no more memory than a page. The table belongs to one connection: give a session that is
bound to one.
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
    Column("donation_id", BigInteger, index=True),
    Column("renewal_of", Text),
    Column("foreign", Boolean, nullable=False, server_default=false()),
    prefixes=["TEMPORARY"],
)
"""`donation_id`: whose it is; `renewal_of`: the public id of the gift whose next renewal it is, where the ledger knows
nothing of that renewal; `foreign`: somebody else's on the same account."""


OWNER_DELAY = timedelta(hours=1)
"""How long after its movement what Stripe says of a payment's owner is believed to be all of it."""


def create_table(session: Session) -> None:
    """Make the table, empty."""
    drop_table(session)
    BALANCE_TRANSACTIONS.create(session.connection())


def drop_table(session: Session) -> None:
    """Forget the walk: the connection goes back to others."""
    BALANCE_TRANSACTIONS.drop(session.connection(), checkfirst=True)


def add_transactions(session: Session, page: Sequence[PaymentTransaction]) -> None:
    """Add to the table what is not there yet."""
    if page:
        rows = [asdict(one) for one in page]
        session.execute(insert(BALANCE_TRANSACTIONS).on_conflict_do_nothing(), rows)


def match_transactions(session: Session) -> None:
    """Say of each movement whose it is, as far as our own tables tell. Repeat it when more is known.

    That a payment is somebody else's is believed where Stripe said so an hour or more after the money moved: an
    invoice may name its payment only then.
    """
    # The usual limit is for requests; weeks of movements may take longer.
    session.execute(text("SET LOCAL statement_timeout = '10min'"))
    known = aliased(Donation)
    unknown = BALANCE_TRANSACTIONS.c.donation_id.is_(None)
    _place(session, select(known.payment_intent_id, known.id), unknown)
    _place(
        session,
        select(InvoicePayment.payment_intent_id, known.id).join(
            known, known.invoice_id == InvoicePayment.invoice_id
        ),
        unknown,
    )
    _place(
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


def _place(session: Session, pairs: Any, unknown: Any) -> None:
    """`pairs`: a query of (payment intent, donation's id)."""
    told = pairs.subquery("told")
    intent, donation_id = told.c
    session.execute(
        update(BALANCE_TRANSACTIONS)
        .where(unknown, BALANCE_TRANSACTIONS.c.payment_intent_id == intent)
        .values(donation_id=donation_id, renewal_of=None)
    )


def list_unmatched_payments(session: Session) -> list[str]:
    """Payments that our tables do not know and that may be an invoice's: Stripe must be asked whose they are."""
    return list(
        session.scalars(
            select(BALANCE_TRANSACTIONS.c.payment_intent_id)
            .where(
                BALANCE_TRANSACTIONS.c.donation_id.is_(None),
                BALANCE_TRANSACTIONS.c.renewal_of.is_(None),
                ~BALANCE_TRANSACTIONS.c.foreign,
            )
            .group_by(BALANCE_TRANSACTIONS.c.payment_intent_id)
            .having(~func.coalesce(func.bool_or(BALANCE_TRANSACTIONS.c.bare), False))
            .order_by(BALANCE_TRANSACTIONS.c.payment_intent_id)
        )
    )


def record_owner(
    session: Session, payment_intent_id: str, *, donation_id: int | None, renewal_of: str | None
) -> None:
    """Keep what Stripe answered: a donation's, a renewal's that is not booked, or somebody else's."""
    session.execute(
        update(BALANCE_TRANSACTIONS)
        .where(BALANCE_TRANSACTIONS.c.payment_intent_id == payment_intent_id)
        .values(
            donation_id=donation_id,
            renewal_of=renewal_of,
            foreign=donation_id is None and renewal_of is None,
        )
    )


def list_transactions(
    session: Session, *, donation_id: int | None = None, payment_intent_id: str | None = None
) -> list[PaymentTransaction]:
    """The movements of a donation, or of a payment that is booked for none; oldest first."""
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
    """(payment intent, public id of the gift that it renews) of renewals that the ledger does not know."""
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


def count_payments(session: Session) -> tuple[int, int]:
    """(payments of ours, payments of others) that moved the balance."""
    ours = or_(
        BALANCE_TRANSACTIONS.c.donation_id.is_not(None),
        BALANCE_TRANSACTIONS.c.renewal_of.is_not(None),
    )
    names = func.count(BALANCE_TRANSACTIONS.c.payment_intent_id.distinct())
    counted = select(names.filter(ours), names.filter(~ours))
    mine, others = session.execute(counted).one()
    return mine, others


def find_booked_donation(session: Session, payment_intent_id: str) -> int | None:
    """The donation's id of a payment in the table, if it is booked for one."""
    return session.scalar(
        select(BALANCE_TRANSACTIONS.c.donation_id)
        .where(
            BALANCE_TRANSACTIONS.c.payment_intent_id == payment_intent_id,
            BALANCE_TRANSACTIONS.c.donation_id.is_not(None),
        )
        .limit(1)
    )
