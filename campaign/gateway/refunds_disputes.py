"""Read charges, refunds, disputes and fraud warnings into frozen dataclasses. Amounts are minor units, times UTC.

Each function takes `at`, the time of the event or call, for objects without a creation time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from campaign.gateway.events import Json, read_id, read_instant


@dataclass(frozen=True)
class StripeCharge:
    """A charge. `returned`: the bank reversed the debit, and Stripe's balance shows it.

    `refunds` are those included in the object: none, unless they were expanded or the API version is old.
    """

    id: str
    created: datetime
    status: str
    amount: int
    amount_refunded: int
    currency: str
    payment_intent_id: str | None
    donation_id: str | None
    returned: bool
    refunds: tuple["StripeRefund", ...]


@dataclass(frozen=True)
class StripeRefund:
    """A refund. `request_token` is set if we requested it."""

    id: str
    created: datetime
    status: str
    amount: int
    currency: str
    payment_intent_id: str | None
    charge_id: str | None
    reason: str | None
    failure_reason: str | None
    request_token: str | None


@dataclass(frozen=True)
class BalanceTransaction:
    """A balance transaction. `amount` is signed; `fee` is what Stripe kept (negative: what it refunded).

    https://docs.stripe.com/api/balance_transactions/object. `source` is the object behind it, if it was expanded.
    `category` is Stripe's `reporting_category`, which says what the transaction means; empty if it was not sent.
    Both amounts are in `currency`, the balance's; `exchange_rate` is set if Stripe converted the source's amount to it.
    """

    id: str
    created: datetime
    kind: str
    amount: int
    fee: int
    currency: str
    source_id: str | None
    source: Json | None
    category: str = ""
    exchange_rate: Decimal | None = None


@dataclass(frozen=True)
class StripeDispute:
    """A dispute. `status` starts with `warning_` while it is an inquiry, which moves no money, and with `appeal_` while
    a lost one is being appealed: https://docs.stripe.com/disputes/arbitration.
    """

    id: str
    created: datetime
    status: str
    amount: int
    currency: str
    reason: str
    payment_intent_id: str | None
    charge_id: str | None
    due_by: datetime | None
    balance_transactions: tuple[BalanceTransaction, ...]


@dataclass(frozen=True)
class StripeFraudWarning:
    """A bank's early fraud warning about a charge."""

    id: str
    created: datetime
    fraud_type: str
    actionable: bool
    payment_intent_id: str | None
    charge_id: str | None


def read_charge(found: Json, at: datetime) -> StripeCharge:
    """Read a `charge` object. Raises KeyError or TypeError if it violates Stripe's documented format."""
    refunds = found.get("refunds") or {}
    return StripeCharge(
        id=found["id"],
        created=_created(found, at),
        status=found.get("status") or "",
        amount=found["amount"],
        amount_refunded=found.get("amount_refunded") or 0,
        currency=found["currency"],
        payment_intent_id=read_id(found.get("payment_intent")),
        donation_id=(found.get("metadata") or {}).get("donation_id"),
        returned=found.get("status") == "failed" and bool(found.get("failure_balance_transaction")),
        refunds=tuple(read_refund(one, at) for one in refunds.get("data") or ()),
    )


def read_refund(found: Json, at: datetime) -> StripeRefund:
    """Read a `refund` object. A missing status means a card refund, which succeeds at once."""
    return StripeRefund(
        id=found["id"],
        created=_created(found, at),
        status=found.get("status") or "succeeded",
        amount=found["amount"],
        currency=found["currency"],
        payment_intent_id=read_id(found.get("payment_intent")),
        charge_id=read_id(found.get("charge")),
        reason=found.get("reason"),
        failure_reason=found.get("failure_reason"),
        request_token=(found.get("metadata") or {}).get("refund_request"),
    )


def read_dispute(found: Json, at: datetime) -> StripeDispute:
    """Read a `dispute` object with the balance transactions included in it."""
    due_by = (found.get("evidence_details") or {}).get("due_by")
    return StripeDispute(
        id=found["id"],
        created=_created(found, at),
        status=found.get("status") or "",
        amount=found["amount"],
        currency=found["currency"],
        reason=found.get("reason") or "general",
        payment_intent_id=read_id(found.get("payment_intent")),
        charge_id=read_id(found.get("charge")),
        due_by=read_instant(due_by) if due_by else None,
        balance_transactions=tuple(
            read_balance_transaction(one, at)
            for one in found.get("balance_transactions") or ()
            if isinstance(one, Mapping)
        ),
    )


def read_balance_transaction(found: Json, at: datetime) -> BalanceTransaction:
    """Read a `balance_transaction` object."""
    source: Any = found.get("source")
    return BalanceTransaction(
        id=found["id"],
        created=_created(found, at),
        kind=found.get("type") or "",
        amount=found["amount"],
        fee=found.get("fee") or 0,
        currency=found["currency"],
        source_id=read_id(source),
        source=source if isinstance(source, Mapping) else None,
        category=found.get("reporting_category") or "",
        # The shortest digits of the number in the JSON, which are those that Stripe sent.
        exchange_rate=Decimal(str(rate)) if (rate := found.get("exchange_rate")) else None,
    )


def read_fraud_warning(found: Json, at: datetime) -> StripeFraudWarning:
    """Read a `radar.early_fraud_warning` object."""
    return StripeFraudWarning(
        id=found["id"],
        created=_created(found, at),
        fraud_type=found.get("fraud_type") or "misc",
        actionable=bool(found.get("actionable", True)),
        payment_intent_id=read_id(found.get("payment_intent")),
        charge_id=read_id(found.get("charge")),
    )


def _created(found: Json, at: datetime) -> datetime:
    created = found.get("created")
    return read_instant(created) if created is not None else at
