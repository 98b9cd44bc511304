"""API versions: each webhook endpoint, each account and each request has one; objects are worded in it.

The sandbox keeps every object as our version words it and rewords copies of it, newest change first.

https://docs.stripe.com/api/versioning
https://docs.stripe.com/webhooks/versioning
"""

import re

from sandbox.stripe.errors import Refused
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import API_VERSION, Account
from sandbox.stripe.versions import changes

KNOWN = (
    "2019-12-03",
    "2020-08-27",
    "2022-11-15",
    "2023-10-16",
    "2024-06-20",
    "2024-09-30.acacia",
    "2025-03-31.basil",
    "2025-09-30.clover",
    API_VERSION,
)
"""Versions that a request may name in `Stripe-Version`, and an endpoint or account may have."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def require_known(version: str, param: str | None = None) -> str:
    """Return `version`. Raises Refused with Stripe's words for one that does not exist."""
    if version not in KNOWN:
        message = f"Invalid Stripe API version: {version}. The sandbox supports {', '.join(KNOWN)}."
        raise Refused(message, param=param)
    return version


def reword(account: Account, value: Json, version: str | None) -> Json:
    """Reword a copy of an object of ours, and every object in it, in place; return it.

    A version without a date, such as a missing one, leaves everything as it is.
    """
    date = _DATE.match(version or "")
    if date and version != API_VERSION:
        _reword(account, value, date.group())
    return value


def _reword(account: Account, value: object, date: str) -> None:
    if isinstance(value, list):
        for member in value:
            _reword(account, member, date)
    elif isinstance(value, dict):
        for member in list(value.values()):
            _reword(account, member, date)
        for change in changes.CHANGES:
            if date < change.since and value.get("object") == change.kind:
                change.undo(account, value)


def has_event(version: str | None, event_type: str) -> bool:
    """Return whether an endpoint of that version is sent events of that type.

    `invoice_payment` is an object of 2025-03-31.basil and later:
    https://docs.stripe.com/changelog/basil/2025-03-31/add-support-for-multiple-partial-payments-on-invoices
    """
    date = _DATE.match(version or "")
    old = date is not None and date.group() < changes.BASIL
    return not (old and event_type.startswith("invoice_payment."))
