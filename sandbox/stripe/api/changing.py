"""What else the API makes and changes: refunds, metadata, customers, portal sessions and endpoints."""

from sandbox.stripe.api import checkout
from sandbox.stripe.api.endpoints import endpoint
from sandbox.stripe.api.parameters import (
    array,
    choice,
    clearable,
    email,
    group,
    integer,
    metadata,
    missing_parameter,
    names,
    new_metadata,
    text,
    url,
)
from sandbox.stripe.errors import Refused, unsupported
from sandbox.stripe.objects import portal
from sandbox.stripe.rules import refunds, subscriptions
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account, require
from sandbox.stripe.state.identifiers import new_id


def _check_refund(account: Account, asked: Json) -> None:  # noqa: ARG001 - as every check
    words = (
        "One of the following params should be provided for this request: payment_intent or charge."
    )
    named = [name for name in ("charge", "payment_intent") if name in asked]
    require(named, Refused(words, code="parameter_missing"))
    words = "You may only specify one of these parameters: charge, payment_intent."
    require(len(named) == 1, Refused(words))


@endpoint(
    "POST",
    "refunds",
    {
        "amount": integer(1),
        "charge": text(),
        "metadata": clearable(new_metadata),
        "payment_intent": text(),
        "reason": choice("duplicate", "fraudulent", "requested_by_customer"),
    },
    elsewhere=names(
        "currency customer instructions_email origin refund_application_fee reverse_transfer"
    ),
    check=_check_refund,
)
def create_refund(account: Account, asked: Json) -> Json:
    return refunds.refund(
        account,
        refunds.charge_to_refund(account, asked),
        asked.get("amount"),
        metadata=asked.get("metadata") or {},
        reason=asked.get("reason"),
    )


@endpoint("POST", "refunds/<name>", {"metadata": clearable(metadata)})
def update_refund(account: Account, asked: Json, name: str) -> Json:
    return _remember(account, account.get("refund", name), asked, "refund.updated")


@endpoint("POST", "payment_intents/<name>", {"metadata": clearable(metadata)})
def update_payment_intent(account: Account, asked: Json, name: str) -> Json:
    return _remember(account, account.get("payment_intent", name, "intent"), asked, None)


@endpoint("POST", "checkout/sessions/<name>", {"metadata": clearable(metadata)})
def update_session(account: Account, asked: Json, name: str) -> Json:
    return _remember(account, account.get("checkout.session", name, "session"), asked, None)


@endpoint(
    "POST", "customers/<name>", {"email": email, "metadata": clearable(metadata), "name": text(256)}
)
def update_customer(account: Account, asked: Json, name: str) -> Json:
    found = account.get("customer", name)
    changes = {key: asked[key] for key in ("email", "name") if key in asked}
    if "metadata" in asked:
        changes["metadata"] = subscriptions.merged(found["metadata"], asked["metadata"])
    previous = account.change(found, **changes)
    if previous:
        account.emit("customer.updated", found, previous)
    return found


def _remember(account: Account, obj: Json, asked: Json, event: str | None) -> Json:
    if "metadata" in asked:
        merged = subscriptions.merged(obj["metadata"], asked["metadata"])
        previous = account.change(obj, metadata=merged)
        if previous and event:
            account.emit(event, obj, previous)
    return obj


_FLOW = group(
    {
        "after_completion": group(
            {
                "hosted_confirmation": group({"custom_message": text(500)}),
                "redirect": group({"return_url": url}, ("return_url",)),
                "type": choice("hosted_confirmation", "portal_homepage", "redirect"),
            },
            ("type",),
        ),
        "type": choice(
            "customer_update",
            "payment_method_update",
            "subscription_cancel",
            "subscription_pause",
            "subscription_update",
            "subscription_update_confirm",
        ),
    },
    ("type",),
)


def _check_flow(account: Account, asked: Json) -> None:  # noqa: ARG001 - as every check
    flow = asked.get("flow_data")
    if flow is None:
        return
    if flow["type"] != "payment_method_update":
        raise unsupported(f"the portal's flow {flow['type']}", "flow_data[type]")
    after = flow.get("after_completion", {})
    if after.get("type") == "redirect" and "redirect" not in after:
        raise missing_parameter("flow_data[after_completion][redirect]")


@endpoint(
    "POST",
    "billing_portal/sessions",
    {
        "configuration": text(),
        "customer": text(),
        "flow_data": _FLOW,
        "locale": choice(*checkout.LOCALES),
        "return_url": url,
    },
    required=("customer",),
    elsewhere=names("after_expiration customer_account on_behalf_of"),
    check=_check_flow,
)
def create_portal_session(account: Account, asked: Json) -> Json:
    account.get("customer", asked["customer"], "customer")
    return account.add(portal.portal_session(asked, account.now(), account.public_url))


@endpoint(
    "POST",
    "webhook_endpoints",
    {
        "api_version": text(),
        "description": text(),
        "enabled_events": array(text()),
        "metadata": new_metadata,
        "url": url,
    },
    required=("enabled_events", "url"),
)
def create_webhook_endpoint(account: Account, asked: Json) -> Json:
    more = {key: asked[key] for key in ("api_version", "description", "metadata") if key in asked}
    made = portal.webhook_endpoint(asked["url"], asked["enabled_events"], account.now(), **more)
    secret = new_id("whsec_")
    account.note(made["id"], secret=secret)
    return {**account.add(made), "secret": secret}


@endpoint("DELETE", "webhook_endpoints/<name>")
def delete_webhook_endpoint(account: Account, asked: Json, name: str) -> Json:  # noqa: ARG001
    account.forget(account.get("webhook_endpoint", name))
    return {"id": name, "object": "webhook_endpoint", "deleted": True}
