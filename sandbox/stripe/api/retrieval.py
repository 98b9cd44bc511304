"""Retrieve one object of each kind, and list objects with simple filters.

https://docs.stripe.com/api and the list of each kind of object
"""

from collections.abc import Callable, Mapping

from sandbox.stripe.api import amounts, lists
from sandbox.stripe.api.endpoints import endpoint
from sandbox.stripe.api.parameters import Checker, array, boolean, choice, group, text
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account

KINDS = {
    "balance_transactions": "balance_transaction",
    "charges": "charge",
    "checkout/sessions": "checkout.session",
    "customers": "customer",
    "disputes": "dispute",
    "events": "event",
    "invoice_payments": "invoice_payment",
    "invoices": "invoice",
    "payment_intents": "payment_intent",
    "payment_methods": "payment_method",
    "payouts": "payout",
    "prices": "price",
    "products": "product",
    "radar/early_fraud_warnings": "radar.early_fraud_warning",
    "refunds": "refund",
    "subscriptions": "subscription",
    "webhook_endpoints": "webhook_endpoint",
}
PLAIN_LISTS: dict[str, Mapping[str, Checker]] = {
    "charges": {"customer": text(), "payment_intent": text(), "transfer_group": text()},
    "customers": {"email": text(512)},
    "disputes": {"charge": text(), "payment_intent": text()},
    "payment_intents": {"customer": text()},
    "payouts": {"destination": text(), "status": text()},
    "prices": {
        "active": boolean,
        "currency": amounts.currency,
        "product": text(),
        "type": choice("one_time", "recurring"),
    },
    "radar/early_fraud_warnings": {"charge": text(), "payment_intent": text()},
    "refunds": {"charge": text(), "payment_intent": text()},
    "webhook_endpoints": {},
}


def _reader(kind: str) -> Callable[..., Json]:
    param = kind.rsplit(".", maxsplit=1)[-1]

    def read(account: Account, params: Json, name: str) -> Json:  # noqa: ARG001 - as every endpoint
        return account.get(kind, name, "id" if kind == "customer" else param)

    return read


def _lister(path: str, filters: Mapping[str, Checker]) -> Callable[..., Json]:
    def read(account: Account, params: Json) -> Json:
        found = lists.matching(account, KINDS[path], params, filters)
        return lists.page(found, params, f"/v1/{path}")

    return read


for _path, _kind in KINDS.items():
    endpoint("GET", f"{_path}/<name>")(_reader(_kind))
for _path, _filters in PLAIN_LISTS.items():
    _page = lists.PAGE if _path == "webhook_endpoints" else lists.DATED_PAGE
    endpoint("GET", _path, {**_page, **_filters})(_lister(_path, _filters))


@endpoint("GET", "products", {**lists.DATED_PAGE, "active": boolean, "ids": array(text())})
def list_products(account: Account, params: Json) -> Json:
    found = lists.matching(account, "product", params, {"active": boolean})
    if "ids" in params:
        found = [obj for obj in found if obj["id"] in params["ids"]]
    return lists.page(found, params, "/v1/products")


_TRANSACTION_FILTERS = {"currency": amounts.currency, "source": text(), "type": text()}


@endpoint(
    "GET", "balance_transactions", {**lists.DATED_PAGE, **_TRANSACTION_FILTERS, "payout": text()}
)
def list_balance_transactions(account: Account, params: Json) -> Json:
    found = lists.matching(account, "balance_transaction", params, _TRANSACTION_FILTERS)
    if "payout" in params:
        account.get("payout", params["payout"], "payout")
        found = [obj for obj in found if account.notes(obj["id"]).get("payout") == params["payout"]]
    return lists.page(found, params, "/v1/balance_transactions")


_INVOICE_FILTERS = {
    "collection_method": choice("charge_automatically", "send_invoice"),
    "customer": text(),
    "status": choice("draft", "open", "paid", "uncollectible", "void"),
}


@endpoint("GET", "invoices", {**lists.DATED_PAGE, **_INVOICE_FILTERS, "subscription": text()})
def list_invoices(account: Account, params: Json) -> Json:
    found = lists.matching(account, "invoice", params, _INVOICE_FILTERS)
    if "subscription" in params:
        found = [
            obj
            for obj in found
            if obj["parent"]
            and obj["parent"]["subscription_details"]["subscription"] == params["subscription"]
        ]
    return lists.page(found, params, "/v1/invoices")


_INVOICE_PAYMENT_FILTERS = {"invoice": text(), "status": choice("canceled", "open", "paid")}
_PAYMENT = group(
    {"payment_intent": text(), "type": choice("payment_intent", "payment_record")}, ("type",)
)


@endpoint(
    "GET", "invoice_payments", {**lists.DATED_PAGE, **_INVOICE_PAYMENT_FILTERS, "payment": _PAYMENT}
)
def list_invoice_payments(account: Account, params: Json) -> Json:
    found = lists.matching(account, "invoice_payment", params, _INVOICE_PAYMENT_FILTERS)
    wanted = params.get("payment", {}).get("payment_intent")
    if wanted:
        found = [obj for obj in found if obj["payment"].get("payment_intent") == wanted]
    return lists.page(found, params, "/v1/invoice_payments")
