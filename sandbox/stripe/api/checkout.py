"""/v1/checkout/sessions, with the rules that parameter types cannot express.

https://docs.stripe.com/api/checkout/sessions/create
"""

from sandbox.stripe.api import amounts, lists
from sandbox.stripe.api.endpoints import endpoint
from sandbox.stripe.api.parameters import (
    array,
    boolean,
    choice,
    email,
    group,
    integer,
    missing_parameter,
    names,
    new_metadata,
    text,
    url,
)
from sandbox.stripe.errors import Refused, unsupported
from sandbox.stripe.rules import sessions
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account, require

MIN_LIFETIME, MAX_LIFETIME = 30 * 60, 24 * 60 * 60
_LOCALES = names(
    "auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hi-IN hr hu id it ja ko lt lv ms mt"
    " nb nl pl pt pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW"
)
_RECURRING = group(
    {"interval": choice("day", "month", "week", "year"), "interval_count": integer(1, 36)},
    ("interval",),
)
_PRODUCT = group(
    {
        "name": text(250),
        "description": text(1000),
        "images": array(url),
        "metadata": new_metadata,
        "tax_code": text(),
        "unit_label": text(12),
    },
    ("name",),
)
PRICE_DATA = {
    "currency": amounts.currency,
    "product": text(),
    "recurring": _RECURRING,
    "tax_behavior": choice("exclusive", "inclusive", "unspecified"),
    "unit_amount": integer(0),
}
_LINE = group(
    {
        "metadata": new_metadata,
        "price": text(),
        "price_data": group({**PRICE_DATA, "product_data": _PRODUCT}, ("currency", "unit_amount")),
        "quantity": integer(1, 999_999),
    }
)
_SESSION = {
    # https://docs.stripe.com/payments/currencies/localize-prices/adaptive-pricing
    "adaptive_pricing": group({"enabled": boolean}),
    "billing_address_collection": choice("auto", "required"),
    "cancel_url": url,
    "client_reference_id": text(200),
    "currency": amounts.currency,
    "customer": text(),
    "customer_creation": choice("always", "if_required"),
    "customer_email": email,
    "expires_at": integer(),
    "line_items": array(_LINE),
    "locale": choice(*_LOCALES),
    "metadata": new_metadata,
    "mode": choice("payment", "setup", "subscription"),
    "payment_intent_data": group(
        {
            "description": text(1000),
            "metadata": new_metadata,
            "statement_descriptor_suffix": text(22),
        }
    ),
    "submit_type": choice("auto", "book", "donate", "pay", "subscribe"),
    "subscription_data": group({"description": text(500), "metadata": new_metadata}),
    "success_url": url,
    "ui_mode": choice("elements", "embedded_page", "form", "hosted_page"),
}
_UNSUPPORTED_PARAMS = names(
    """after_expiration allow_promotion_codes allowed_payment_method_types
    automatic_tax branding_settings consent_collection custom_fields custom_text customer_account
    customer_update discounts excluded_payment_method_types integration_identifier invoice_creation
    managed_payments name_collection optional_items origin_context payment_method_collection
    payment_method_configuration payment_method_data payment_method_options permissions
    phone_number_collection redirect_on_completion return_url saved_payment_method_options
    setup_intent_data shipping_address_collection shipping_options tax_id_collection
    wallet_options"""
)


def _check(account: Account, params: Json) -> None:
    _check_mode(params)
    _check_customer(params)
    lines = params.get("line_items")
    if not lines:
        raise missing_parameter("line_items")
    for place, line in enumerate(lines):
        _check_line(line, f"line_items[{place}]", params["mode"])
    _check_total(params)
    if "expires_at" in params:
        lasts = params["expires_at"] - account.now()
        message = "The `expires_at` timestamp must be {} 24 hours from Checkout Session creation."
        require(lasts <= MAX_LIFETIME, Refused(message.format("less than"), param="expires_at"))
        message = (
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
        )
        require(lasts >= MIN_LIFETIME, Refused(message, param="expires_at"))


def _check_mode(params: Json) -> None:
    mode = params["mode"]
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise unsupported(f"ui_mode {params['ui_mode']}", "ui_mode")
    if mode == "setup":
        raise unsupported("mode setup", "mode")
    if "success_url" not in params:
        message = "You must provide `success_url` when `ui_mode` is `hosted_page`."
        raise Refused(message, code="parameter_missing", param="success_url")
    other = {"payment": "subscription_data", "subscription": "payment_intent_data"}[mode]
    if other in params:
        raise Refused(f"You can not pass `{other}` in `{mode}` mode.", param=other)
    # Since 2024-11-20, `donate` is allowed for subscriptions too; `subscribe` only for them:
    # https://docs.stripe.com/api/checkout/sessions/create#create_checkout_session-submit_type
    only = ("subscribe",) if mode == "subscription" else ()
    allowed = ("auto", "book", "donate", "pay", *only)
    if params.get("submit_type", "auto") not in allowed:
        message = f"You can not pass `submit_type` of `{params['submit_type']}` in `{mode}` mode."
        raise Refused(message, param="submit_type")
    if mode == "subscription" and "customer_creation" in params:
        message = "`customer_creation` can only be used in `payment` mode."
        raise Refused(message, param="customer_creation")


def _check_customer(params: Json) -> None:
    for other in ("customer_email", "customer_creation"):
        if "customer" in params and other in params:
            message = f"You may only specify one of these parameters: customer, {other}."
            raise Refused(message, param="customer")


def _check_line(line: Json, where: str, mode: str) -> None:
    data = line.get("price_data")
    if (data is None) == ("price" not in line):
        raise Refused(f"{where} needs exactly one of `price` and `price_data`.", param=where)
    if "quantity" not in line:
        raise missing_parameter(f"{where}[quantity]")
    if data is None:
        return
    if ("product" in data) == ("product_data" in data):
        message = "You must specify either `product` or `product_data` when creating a price."
        raise Refused(message, param=f"{where}[price_data]")
    if mode == "payment" and "recurring" in data:
        raise Refused(
            "You specified `payment` mode but passed a recurring price. Either switch to"
            " `subscription` mode or use only one-time prices.",
            param=f"{where}[price_data]",
        )
    if mode == "subscription" and "recurring" not in data:
        raise unsupported(
            "one-time prices beside a subscription", f"{where}[price_data][recurring]"
        )
    amounts.require_divisible(
        data["unit_amount"], data["currency"], f"{where}[price_data][unit_amount]"
    )


def _check_total(params: Json) -> None:
    inline = [line for line in params["line_items"] if "price_data" in line]
    currencies = {line["price_data"]["currency"] for line in inline}
    currencies |= {params["currency"]} if "currency" in params else set()
    message = "All line items must have the same currency."
    require(len(currencies) <= 1, Refused(message, param="line_items"))
    if len(inline) == len(params["line_items"]):
        total = sum(line["price_data"]["unit_amount"] * line["quantity"] for line in inline)
        amounts.require_chargeable(total, currencies.pop(), "line_items")
    rhythms = {str(line["price_data"].get("recurring")) for line in inline}
    if len(rhythms) > 1:
        raise unsupported("several intervals in one subscription", "line_items")


@endpoint(
    "POST",
    "checkout/sessions",
    _SESSION,
    required=("mode",),
    unsupported_params=_UNSUPPORTED_PARAMS,
    check=_check,
)
def create_session(account: Account, params: Json) -> Json:
    lines = [one for one in params.get("line_items", ()) if "price_data" in one]
    total = sum(one["price_data"]["unit_amount"] * one["quantity"] for one in lines)
    for code in {one["price_data"]["currency"] for one in lines}:
        amounts.require_settleable(total, code, account.settlement, "line_items")
    return sessions.create(account, params)


@endpoint("POST", "checkout/sessions/<name>/expire")
def expire_session(account: Account, params: Json, name: str) -> Json:  # noqa: ARG001 - as every endpoint
    return sessions.expire(account, account.get("checkout.session", name, "session"))


@endpoint("GET", "checkout/sessions/<name>/line_items", lists.PAGE)
def list_line_items(account: Account, params: Json, name: str) -> Json:
    account.get("checkout.session", name, "session")
    items = account.notes(name).get("line_items", [])
    return lists.page(items, params, f"/v1/checkout/sessions/{name}/line_items")


_FILTERS = {
    "customer": text(),
    "payment_intent": text(),
    "status": choice("complete", "expired", "open"),
    "subscription": text(),
}


@endpoint(
    "GET",
    "checkout/sessions",
    {**lists.DATED_PAGE, **_FILTERS, "customer_details": group({"email": text()}, ("email",))},
)
def list_sessions(account: Account, params: Json) -> Json:
    found = lists.matching(account, "checkout.session", params, _FILTERS)
    if "customer_details" in params:
        wanted = params["customer_details"]["email"]
        found = [obj for obj in found if (obj["customer_details"] or {}).get("email") == wanted]
    return lists.page(found, params, "/v1/checkout/sessions")
