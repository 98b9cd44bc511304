"""Reading one object of each kind, and the lists whose filters are plain comparisons."""

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

    def read(account: Account, asked: Json, name: str) -> Json:  # noqa: ARG001 - as every endpoint
        return account.get(kind, name, "id" if kind == "customer" else param)

    return read


def _lister(path: str, filters: Mapping[str, Checker]) -> Callable[..., Json]:
    def read(account: Account, asked: Json) -> Json:
        found = lists.matching(account, KINDS[path], asked, filters)
        return lists.page(found, asked, f"/v1/{path}")

    return read


for _path, _kind in KINDS.items():
    endpoint("GET", f"{_path}/<name>")(_reader(_kind))
for _path, _filters in PLAIN_LISTS.items():
    _page = lists.PAGE if _path == "webhook_endpoints" else lists.DATED_PAGE
    endpoint("GET", _path, {**_page, **_filters})(_lister(_path, _filters))


@endpoint("GET", "products", {**lists.DATED_PAGE, "active": boolean, "ids": array(text())})
def list_products(account: Account, asked: Json) -> Json:
    found = lists.matching(account, "product", asked, {"active": boolean})
    if "ids" in asked:
        found = [obj for obj in found if obj["id"] in asked["ids"]]
    return lists.page(found, asked, "/v1/products")


_MOVEMENTS = {"currency": amounts.currency, "source": text(), "type": text()}


@endpoint("GET", "balance_transactions", {**lists.DATED_PAGE, **_MOVEMENTS, "payout": text()})
def list_balance_transactions(account: Account, asked: Json) -> Json:
    found = lists.matching(account, "balance_transaction", asked, _MOVEMENTS)
    if "payout" in asked:
        account.get("payout", asked["payout"], "payout")
        found = [obj for obj in found if account.notes(obj["id"]).get("payout") == asked["payout"]]
    return lists.page(found, asked, "/v1/balance_transactions")


_INVOICES = {
    "collection_method": choice("charge_automatically", "send_invoice"),
    "customer": text(),
    "status": choice("draft", "open", "paid", "uncollectible", "void"),
}


@endpoint("GET", "invoices", {**lists.DATED_PAGE, **_INVOICES, "subscription": text()})
def list_invoices(account: Account, asked: Json) -> Json:
    found = lists.matching(account, "invoice", asked, _INVOICES)
    if "subscription" in asked:
        found = [
            obj
            for obj in found
            if obj["parent"]["subscription_details"]["subscription"] == asked["subscription"]
        ]
    return lists.page(found, asked, "/v1/invoices")


_PAYMENTS = {"invoice": text(), "status": choice("canceled", "open", "paid")}
_PAYMENT = group(
    {"payment_intent": text(), "type": choice("payment_intent", "payment_record")}, ("type",)
)


@endpoint("GET", "invoice_payments", {**lists.DATED_PAGE, **_PAYMENTS, "payment": _PAYMENT})
def list_invoice_payments(account: Account, asked: Json) -> Json:
    found = lists.matching(account, "invoice_payment", asked, _PAYMENTS)
    wanted = asked.get("payment", {}).get("payment_intent")
    if wanted:
        found = [obj for obj in found if obj["payment"].get("payment_intent") == wanted]
    return lists.page(found, asked, "/v1/invoice_payments")
