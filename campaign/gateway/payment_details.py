"""Read what Stripe knows about the card and the payer of a disputed payment. It is shown to staff and never stored.

https://docs.stripe.com/api/charges/object and https://docs.stripe.com/api/disputes/object
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaign.gateway.events import Json, read_instant

_WITH_NAME = {"card": "brand", "us_bank_account": "bank_name"}
"""Where each method of payment has the name of its network or bank."""
_ADDRESS = ("line1", "line2", "city", "state", "postal_code", "country")


@dataclass(frozen=True)
class PaymentDetails:
    """A charge with its payer and the bank's checks. '' is what Stripe does not have.

    `method` is `card`, `us_bank_account`, …; the checks are `pass`, `fail`, `unavailable` or `unchecked`;
    `three_d_secure` is the result of 3-D Secure, such as `authenticated`. `fingerprint` is the same for each payment
    with the same card or account.
    """

    charge_id: str
    charged_at: datetime
    method: str
    brand: str
    last4: str
    fingerprint: str
    name: str
    email: str
    address: tuple[str, ...]
    cvc_check: str
    postal_code_check: str
    line1_check: str
    three_d_secure: str
    three_d_secure_version: str
    statement_descriptor: str


@dataclass(frozen=True)
class DisputeDetails:
    """What the bank says about a dispute. `network_reason_code` is such as Visa's `10.4`.

    `submissions`: how often evidence was submitted. `past_due`: the deadline has passed.
    """

    network: str
    network_reason_code: str
    submissions: int
    past_due: bool


def read_payment_details(charge: Json) -> PaymentDetails:
    """Read a `charge`."""
    billing = _part(charge, "billing_details")
    details = _part(charge, "payment_method_details")
    method = _text(details, "type")
    used = _part(details, method) if method in _WITH_NAME else {}
    card = used if method == "card" else {}
    checks, secure = _part(card, "checks"), _part(card, "three_d_secure")
    address = _part(billing, "address")
    return PaymentDetails(
        charge_id=charge["id"],
        charged_at=read_instant(charge["created"]),
        method=method,
        brand=_text(used, _WITH_NAME.get(method, "")),
        last4=_text(used, "last4"),
        fingerprint=_text(used, "fingerprint"),
        name=_text(billing, "name"),
        email=_text(billing, "email"),
        address=tuple(line for name in _ADDRESS if (line := _text(address, name))),
        cvc_check=_text(checks, "cvc_check"),
        postal_code_check=_text(checks, "address_postal_code_check"),
        line1_check=_text(checks, "address_line1_check"),
        three_d_secure=_text(secure, "result"),
        three_d_secure_version=_text(secure, "version"),
        statement_descriptor=_text(charge, "calculated_statement_descriptor"),
    )


def read_dispute_details(dispute: Json) -> DisputeDetails:
    """Read a `dispute`. One of a bank debit has no network."""
    card = _part(_part(dispute, "payment_method_details"), "card")
    evidence = _part(dispute, "evidence_details")
    return DisputeDetails(
        network=_text(card, "brand"),
        network_reason_code=_text(card, "network_reason_code"),
        submissions=evidence.get("submission_count") or 0,
        past_due=bool(evidence.get("past_due")),
    )


def _text(found: Json, name: str) -> str:
    """Return a text of an object, '' if it is null there or the object has none."""
    return (found.get(name) if found else None) or ""


def _part(found: Json, name: str) -> Json:
    """Return a part of an object, or nothing if it is null there."""
    part: Any = found.get(name) if found else None
    return part if isinstance(part, Mapping) else {}
