"""The account's payments and subscriptions that nobody knows here, as Stripe lists them now. None is stored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaign.adoption.facts import frequency_of
from campaign.gateway.account_objects import AccountPayment, AccountSubscription
from campaign.gateway.client import StripeGateway
from campaign.gateway.payers import Payer
from campaign.models import (
    AccountObject,
    Donation,
    InvoicePayment,
    LeftAlone,
    Subscription,
)
from campaign.runtime.context import Installation

CHUNK = 100
"""How many of Stripe's objects to compare with our tables at once."""

_NOT_BEGUN = ("incomplete", "incomplete_expired")


@dataclass(frozen=True)
class AccountFilter:
    """Which to list. `search` is in the email, name, description, metadata or id. `left`: those left alone instead."""

    kind: AccountObject = AccountObject.payment
    since: datetime | None = None
    until: datetime | None = None
    search: str = ""
    left: bool = False


@dataclass(frozen=True)
class UnknownObject:
    """A payment, or a subscription with its amount per period. `given_back` is refunded, in minor units."""

    stripe_id: str
    created: datetime
    amount: int
    currency: str
    payer: Payer
    description: str
    status: str
    frequency: str = ""
    given_back: int = 0
    disputed: bool = False


@dataclass(frozen=True)
class UnknownPage:
    """A page of the list. `after` is the id to continue from; None at the end of the account."""

    found: Sequence[UnknownObject]
    after: str | None


def read_page(
    installation: Installation, asked: AccountFilter, after: str | None, *, limit: int, chunks: int
) -> UnknownPage:
    """Return up to `limit` unknown objects; looks at no more than `chunks` hundreds of the account's objects."""
    found: list[UnknownObject] = []
    listed = _list(installation.gateway, asked, after)
    for _ in range(chunks):
        chunk = list(islice(listed, CHUNK))
        if not chunk:
            return UnknownPage(found, None)
        unknown = _unknown(installation, asked, chunk)
        for one in chunk:
            after = _id(one)
            item = _item(installation.gateway, asked, one) if after in unknown else None
            if item is not None:
                found.append(item)
            if len(found) == limit:
                return UnknownPage(found, after)
    return UnknownPage(found, after)


def iterate(
    installation: Installation, asked: AccountFilter
) -> Iterator[tuple[int, UnknownObject | None]]:
    """Yield everything unknown, each with how many objects were looked at since; None at a chunk's end."""
    listed = _list(installation.gateway, asked, None)
    while chunk := list(islice(listed, CHUNK)):
        unknown = _unknown(installation, asked, chunk)
        for one in chunk:
            item = _item(installation.gateway, asked, one) if _id(one) in unknown else None
            if item is not None:
                yield 0, item
        yield len(chunk), None


_Object = AccountPayment | AccountSubscription


def _list(gateway: StripeGateway, asked: AccountFilter, after: str | None) -> Iterator[_Object]:
    if asked.kind is AccountObject.subscription:
        return iter(gateway.account_objects.list_subscriptions(asked.since, asked.until, after))
    return iter(gateway.account_objects.list_payments(asked.since, asked.until, after))


def _id(one: _Object) -> str:
    return one.intent.id if isinstance(one, AccountPayment) else one.fact.id


def _unknown(
    installation: Installation, asked: AccountFilter, chunk: Sequence[_Object]
) -> set[str]:
    """Return the ids of `chunk` that are not ours, and (not) left alone."""
    names = {_id(one) for one in chunk}
    with installation.sessions() as session:
        names -= _known(session, names)
        named = {_id(one): one.metadata.get("donation_id") for one in chunk if _id(one) in names}
        names -= _began_here(session, named)
        left = set(
            session.scalars(select(LeftAlone.stripe_id).where(LeftAlone.stripe_id.in_(names)))
        )
    return names & left if asked.left else names - left


def _known(session: Session, names: set[str]) -> set[str]:
    known = set(
        session.scalars(
            select(Donation.payment_intent_id).where(Donation.payment_intent_id.in_(names))
        )
    )
    known |= set(
        session.scalars(
            select(InvoicePayment.payment_id)
            .join(Donation, Donation.invoice_id == InvoicePayment.invoice_id)
            .where(InvoicePayment.payment_id.in_(names))
        )
    )
    known |= set(
        session.scalars(select(Subscription.stripe_id).where(Subscription.stripe_id.in_(names)))
    )
    return {one for one in known if one}


def _began_here(session: Session, named: dict[str, str | None]) -> set[str]:
    """Return what names a gift of ours that waits for it. A second payment for a paid gift is nobody's yet."""
    waiting = set(
        session.scalars(
            select(Donation.public_id).where(
                Donation.public_id.in_([one for one in named.values() if one]),
                or_(Donation.payment_intent_id.is_(None), Donation.subscription_id.is_not(None)),
            )
        )
    )
    return {name for name, donation in named.items() if donation in waiting}


def _item(gateway: StripeGateway, asked: AccountFilter, one: _Object) -> UnknownObject | None:
    item = _read_payment(one) if isinstance(one, AccountPayment) else _read_subscription(one)
    if item is None or not _matches(item, one, asked.search):
        return None
    if isinstance(one, AccountPayment) and one.customer_id:
        invoice = gateway.payments.find_invoice_for_payment(item.stripe_id)
        if invoice is not None and invoice.subscription_id:
            return None  # It is listed with its subscription.
    return item


def _read_payment(one: AccountPayment) -> UnknownObject | None:
    intent, charge = one.intent, one.charge
    if intent.status != "succeeded":
        return None
    return UnknownObject(
        stripe_id=intent.id,
        created=charge.created if charge else intent.created,
        amount=intent.amount_received,
        currency=intent.currency,
        payer=one.payer,
        description=one.description,
        status=intent.status,
        given_back=charge.amount_refunded if charge else 0,
    )


def _read_subscription(one: AccountSubscription) -> UnknownObject | None:
    fact = one.fact
    if fact.status in _NOT_BEGUN:
        return None
    return UnknownObject(
        stripe_id=fact.id,
        created=one.created,
        amount=fact.total,
        currency=fact.currency or "usd",
        payer=one.payer,
        description=one.description,
        status=fact.status,
        frequency=frequency_of(one) or "other",
    )


def _matches(item: UnknownObject, one: _Object, search: str) -> bool:
    texts = (
        item.stripe_id,
        item.payer.email,
        item.payer.name,
        item.description,
        *one.metadata.values(),
    )
    return search.casefold() in "\n".join(texts).casefold()
