"""Create, expire and complete checkout sessions. `payment` pays them.

https://docs.stripe.com/payments/checkout/how-checkout-works
"""

from sandbox.stripe.errors import Refused
from sandbox.stripe.objects import catalog
from sandbox.stripe.objects.checkout import checkout_session
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account, require


def create(account: Account, params: Json) -> Json:
    """Create an open session from validated parameters, with products and prices from `price_data`."""
    if "customer" in params:
        account.get("customer", params["customer"], "customer")
    lines = [_line(account, line, place) for place, line in enumerate(params["line_items"])]
    total = sum(line["amount_total"] for line in lines)
    currency = lines[0]["currency"]
    session = checkout_session(params, total, currency, account.now(), account.public_url)
    # The account's default applies to sessions that do not say; the stand-in's is on, as a new account's is:
    # https://docs.stripe.com/payments/currencies/localize-prices/adaptive-pricing
    pricing = params.get("adaptive_pricing", {}).get("enabled", True)
    session["adaptive_pricing"] = {"enabled": pricing}
    account.add(session)
    kept = {name: params.get(name, {}) for name in ("payment_intent_data", "subscription_data")}
    account.note(session["id"], line_items=lines, **kept)
    account.schedule("expire_session", session["id"], session["expires_at"])
    return session


def _line(account: Account, params: Json, place: int) -> Json:
    if "price" in params:
        priced = account.get("price", params["price"], f"line_items[{place}][price]")
    else:
        priced = _inline_price(account, params["price_data"])
    product = account.get("product", priced["product"])
    return catalog.line_item(
        priced, params.get("quantity", 1), product["name"], params.get("metadata", {})
    )


def _inline_price(account: Account, data: Json) -> Json:
    if "product" in data:
        product = account.get("product", data["product"], "line_items[0][price_data][product]")
    else:
        product = account.add(catalog.product(data["product_data"], account.now()))
    return account.add(catalog.price(data, product["id"], account.now()))


def expire(account: Account, session: Json) -> Json:
    """Expire an open session, and cancel its intent."""
    require(
        session["status"] == "open",
        Refused(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session'
            f" has a status of `{session['status']}`."
        ),
    )
    account.unschedule("expire_session", session["id"])
    account.change(session, status="expired", url=None)
    intent = intent_of(account, session)
    if intent:
        account.change(
            intent, status="canceled", canceled_at=account.now(), cancellation_reason="abandoned"
        )
        account.emit("payment_intent.canceled", intent)
    account.emit("checkout.session.expired", session)
    return session


def intent_of(account: Account, session: Json) -> Json | None:
    """Return the intent that is to pay the session, if there was an attempt. One of a subscription is not shown."""
    kept = account.notes(session["id"]).get("intent")
    return account.find(session["payment_intent"] or kept, "payment_intent")


def complete(account: Account, session: Json, *, paid: bool) -> None:
    """Complete the session. `paid` is False for a bank debit that has not settled."""
    account.unschedule("expire_session", session["id"])
    account.note(session["id"], challenge=None)
    account.change(
        session, status="complete", payment_status="paid" if paid else "unpaid", url=None
    )
    account.emit("checkout.session.completed", session)


def return_address(session: Json) -> str:
    """Return the address that the donor's browser goes to after payment."""
    return session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
