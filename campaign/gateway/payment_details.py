"""Read what Stripe knows about the card and the payer of a disputed payment. It is shown to staff and never stored.

https://docs.stripe.com/api/charges/object and https://docs.stripe.com/api/disputes/object
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaign.gateway.events import Json, read_instant

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
    method = details.get("type") or ""
    used = _part(details, method) if method in ("card", "us_bank_account") else {}
    card = used if method == "card" else {}
    checks, secure = _part(card, "checks"), _part(card, "three_d_secure")
    address = _part(billing, "address")
    return PaymentDetails(
        charge_id=charge["id"],
        charged_at=read_instant(charge["created"]),
        method=method,
        brand=(card.get("brand") if card else used.get("bank_name") if used else "") or "",
        last4=(used.get("last4") if used else "") or "",
        fingerprint=(used.get("fingerprint") if used else "") or "",
        name=billing.get("name") or "",
        email=billing.get("email") or "",
        address=tuple(line for name in _ADDRESS if (line := address.get(name))),
        cvc_check=checks.get("cvc_check") or "",
        postal_code_check=checks.get("address_postal_code_check") or "",
        line1_check=checks.get("address_line1_check") or "",
        three_d_secure=secure.get("result") or "",
        three_d_secure_version=secure.get("version") or "",
        statement_descriptor=charge.get("calculated_statement_descriptor") or "",
    )


def read_dispute_details(dispute: Json) -> DisputeDetails:
    """Read a `dispute`. One of a bank debit has no network."""
    card = _part(_part(dispute, "payment_method_details"), "card")
    evidence = _part(dispute, "evidence_details")
    return DisputeDetails(
        network=card.get("brand") or "",
        network_reason_code=card.get("network_reason_code") or "",
        submissions=evidence.get("submission_count") or 0,
        past_due=bool(evidence.get("past_due")),
    )


def _part(found: Json, name: str) -> Json:
    """Return a part of an object, or nothing if it is null there."""
    part: Any = found.get(name) if found else None
    return part if isinstance(part, Mapping) else {}
