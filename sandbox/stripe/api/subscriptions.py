"""/v1/subscriptions: update, pause, cancel and list. Checkout sessions create them.

https://docs.stripe.com/api/subscriptions/update
"""

from sandbox.stripe.api import checkout, lists
from sandbox.stripe.api.endpoints import endpoint
from sandbox.stripe.api.parameters import (
    array,
    boolean,
    choice,
    clearable,
    group,
    integer,
    metadata,
    moments,
    names,
    text,
)
from sandbox.stripe.errors import Refused, unsupported
from sandbox.stripe.rules import subscriptions
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account

_PRICE_DATA = group(checkout.PRICE_DATA, ("currency", "product", "recurring", "unit_amount"))
_ITEM = group(
    {
        "id": text(),
        "metadata": metadata,
        "price": text(),
        "price_data": _PRICE_DATA,
        "quantity": integer(1, 999_999),
    }
)
_CANCELLATION = group(
    {
        "comment": clearable(text()),
        "feedback": clearable(
            choice(
                "customer_service",
                "low_quality",
                "missing_features",
                "other",
                "switched_service",
                "too_complex",
                "too_expensive",
                "unused",
            )
        ),
    }
)
_PAUSE = group(
    {"behavior": choice("keep_as_draft", "mark_uncollectible", "void"), "resumes_at": integer()},
    ("behavior",),
)
_SUBSCRIPTION = {
    "cancel_at": clearable(integer()),
    "cancel_at_period_end": boolean,
    "cancellation_details": _CANCELLATION,
    "default_payment_method": text(),
    "description": clearable(text(500)),
    "items": array(_ITEM),
    "metadata": clearable(metadata),
    "pause_collection": clearable(_PAUSE),
    "proration_behavior": choice("always_invoice", "create_prorations", "none"),
}
_UNSUPPORTED_PARAMS = names(
    """add_invoice_items application_fee_percent automatic_tax billing_cycle_anchor
    billing_schedules billing_thresholds collection_method days_until_due default_source
    default_tax_rates discounts invoice_settings off_session on_behalf_of payment_behavior
    payment_settings pending_invoice_item_interval proration_date transfer_data trial_end
    trial_from_plan trial_settings"""
)


def _check_update(account: Account, params: Json) -> None:  # noqa: ARG001 - as every check
    if "cancel_at" in params and "cancel_at_period_end" in params:
        message = "You may only specify one of these parameters: cancel_at, cancel_at_period_end."
        raise Refused(message, param="cancel_at")
    prices = any("price" in item or "price_data" in item for item in params.get("items", []))
    if prices and params.get("proration_behavior") != "none":
        raise unsupported("prorations; send proration_behavior=none", "proration_behavior")


@endpoint(
    "POST",
    "subscriptions/<name>",
    _SUBSCRIPTION,
    unsupported_params=_UNSUPPORTED_PARAMS,
    check=_check_update,
)
def update_subscription(account: Account, params: Json, name: str) -> Json:
    found = account.get("subscription", name, "id")
    if "default_payment_method" in params:
        account.get("payment_method", params["default_payment_method"], "default_payment_method")
    return subscriptions.update(account, found, params)


@endpoint(
    "DELETE",
    "subscriptions/<name>",
    {"cancellation_details": _CANCELLATION, "invoice_now": boolean, "prorate": boolean},
)
def cancel_subscription(account: Account, params: Json, name: str) -> Json:
    return subscriptions.cancel(account, account.get("subscription", name, "id"), params)


_STATUSES = names(
    "active all canceled ended incomplete incomplete_expired past_due paused trialing unpaid"
)


@endpoint(
    "GET",
    "subscriptions",
    {
        **lists.DATED_PAGE,
        "customer": text(),
        "price": text(),
        "status": choice(*_STATUSES),
        "current_period_end": moments,
    },
)
def list_subscriptions(account: Account, params: Json) -> Json:
    """List subscriptions. Like Stripe, include canceled ones only on request."""
    found = lists.matching(account, "subscription", params, {"customer": text()})
    found = [obj for obj in found if _has_status(obj, params.get("status"))]
    bounds = params.get("current_period_end", {})
    found = [obj for obj in found if lists.within(subscriptions.period_end(obj), bounds)]
    if "price" in params:
        found = [obj for obj in found if _has_price(obj, params["price"])]
    return lists.page(found, params, "/v1/subscriptions")


def _has_status(subscription: Json, params: str | None) -> bool:
    if params in (None, "ended"):
        return (subscription["status"] in subscriptions.ENDED) == (params == "ended")
    return params in ("all", subscription["status"])


def _has_price(subscription: Json, price: str) -> bool:
    return any(item["price"]["id"] == price for item in subscription["items"]["data"])
