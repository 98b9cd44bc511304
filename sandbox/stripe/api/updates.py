"""Create and update refunds, metadata, customers, portal sessions and webhook endpoints.

https://docs.stripe.com/api/refunds/create
https://docs.stripe.com/api/customer_portal/sessions/create
"""

from sandbox.stripe.api.connected import require_saved_portal
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
from sandbox.stripe.versions import require_known


def _check_refund(account: Account, params: Json) -> None:  # noqa: ARG001 - as every check
    message = (
        "One of the following params should be provided for this request: payment_intent or charge."
    )
    named = [name for name in ("charge", "payment_intent") if name in params]
    require(named, Refused(message, code="parameter_missing"))
    message = "You may only specify one of these parameters: charge, payment_intent."
    require(len(named) == 1, Refused(message))


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
    unsupported_params=names(
        "currency customer instructions_email origin refund_application_fee reverse_transfer"
    ),
    check=_check_refund,
)
def create_refund(account: Account, params: Json) -> Json:
    return refunds.refund(
        account,
        refunds.charge_to_refund(account, params),
        params.get("amount"),
        metadata=params.get("metadata") or {},
        reason=params.get("reason"),
    )


@endpoint("POST", "refunds/<name>", {"metadata": clearable(metadata)})
def update_refund(account: Account, params: Json, name: str) -> Json:
    return _update_metadata(account, account.get("refund", name), params, "refund.updated")


@endpoint(
    "POST",
    "payment_intents/<name>",
    {"description": clearable(text(1000)), "metadata": clearable(metadata)},
)
def update_payment_intent(account: Account, params: Json, name: str) -> Json:
    """Metadata and description can be updated after success. The charge keeps what it copied when it was made.

    https://docs.stripe.com/api/payment_intents/update
    """
    found = account.get("payment_intent", name, "intent")
    if "description" in params:
        account.change(found, description=params["description"])
    return _update_metadata(account, found, params, None)


@endpoint("POST", "checkout/sessions/<name>", {"metadata": clearable(metadata)})
def update_session(account: Account, params: Json, name: str) -> Json:
    return _update_metadata(account, account.get("checkout.session", name, "session"), params, None)


@endpoint(
    "POST", "customers/<name>", {"email": email, "metadata": clearable(metadata), "name": text(256)}
)
def update_customer(account: Account, params: Json, name: str) -> Json:
    found = account.get("customer", name)
    changes: Json = {key: params[key] for key in ("email", "name") if key in params}
    if "metadata" in params:
        changes["metadata"] = subscriptions.merged(found["metadata"], params["metadata"])
    previous = account.change(found, **changes)
    if previous:
        account.emit("customer.updated", found, previous)
    return found


def _update_metadata(account: Account, obj: Json, params: Json, event: str | None) -> Json:
    if "metadata" in params:
        merged = subscriptions.merged(obj["metadata"], params["metadata"])
        previous = account.change(obj, metadata=merged)
        if previous and event:
            account.emit(event, obj, previous)
    return obj


_LOCALES = names(
    "auto bg cs da de el en en-AU en-CA en-GB en-IE en-IN en-NZ en-SG es es-419 et fi fil fr fr-CA"
    " hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW"
)
"""Not those of checkout: https://docs.stripe.com/api/customer_portal/sessions/create."""

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


def _check_flow(account: Account, params: Json) -> None:  # noqa: ARG001 - as every check
    flow = params.get("flow_data")
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
        "locale": choice(*_LOCALES),
        "return_url": url,
    },
    required=("customer",),
    unsupported_params=names("after_expiration customer_account on_behalf_of"),
    check=_check_flow,
)
def create_portal_session(account: Account, params: Json) -> Json:
    account.get("customer", params["customer"], "customer")
    if "configuration" not in params:
        require_saved_portal(account)
    return account.add(portal.portal_session(params, account.now(), account.public_url))


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
def create_webhook_endpoint(account: Account, params: Json) -> Json:
    more = {key: params[key] for key in ("api_version", "description", "metadata") if key in params}
    if "api_version" in params:
        require_known(params["api_version"], "api_version")
    made = portal.webhook_endpoint(params["url"], params["enabled_events"], account.now(), **more)
    secret = new_id("whsec_")
    account.note(made["id"], secret=secret)
    return {**account.add(made), "secret": secret}


@endpoint("DELETE", "webhook_endpoints/<name>")
def delete_webhook_endpoint(account: Account, params: Json, name: str) -> Json:  # noqa: ARG001
    account.delete(account.get("webhook_endpoint", name))
    return {"id": name, "object": "webhook_endpoint", "deleted": True}
