"""What each API version changed, undone: the members as older versions have them.

Each change names the version that made it and the page of Stripe's changelog. Only breaking changes are listed:
members that were merely added appear in every version (https://docs.stripe.com/upgrades#backward-compatible-changes).
"""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.stripe.objects import listing
from sandbox.stripe.state import Json, copied
from sandbox.stripe.state.account import Account

BASIL = "2025-03-31"


@dataclass(frozen=True)
class Change:
    """`undo` rewords an object of `kind` in place as it was before the version of the date `since`."""

    since: str
    kind: str
    undo: Callable[[Account, Json], None]


def _invoice_before_basil(account: Account, invoice: Json) -> None:
    """Reword `parent` and the payments.

    https://docs.stripe.com/changelog/basil/2025-03-31/adds-new-parent-field-to-invoicing-objects
    https://docs.stripe.com/changelog/basil/2025-03-31/add-support-for-multiple-partial-payments-on-invoices
    """
    details = (invoice.pop("parent", None) or {}).get("subscription_details") or {}
    intent = account.find(account.notes(invoice["id"]).get("intent"), "payment_intent") or {}
    invoice.update(
        subscription=details.get("subscription"),
        subscription_details={"metadata": details.get("metadata")},
        payment_intent=intent.get("id"),
        charge=intent.get("latest_charge"),
        paid=invoice["status"] == "paid",
        paid_out_of_band=False,
        quote=None,
        tax=None,
        discount=None,
        total_tax_amounts=invoice.pop("total_taxes", []),
        application_fee_amount=None,
        transfer_data=None,
    )
    invoice.pop("payments", None)
    invoice.pop("amount_overpaid", None)


def _line_before_basil(account: Account, line: Json) -> None:
    """Reword `parent` and `pricing`.

    https://docs.stripe.com/changelog/basil/2025-03-31/adds-new-parent-field-to-invoicing-objects
    https://docs.stripe.com/changelog/basil/2025-03-31/unify-billing-related-resources-pricing-fields
    """
    source = (line.pop("parent", None) or {}).get("subscription_item_details") or {}
    named = (line.pop("pricing", None) or {}).get("price_details") or {}
    price = account.find(named.get("price"), "price")
    subscription = account.find(source.get("subscription"), "subscription") or {}
    line.update(
        type="subscription" if source.get("subscription_item") else "invoiceitem",
        subscription=source.get("subscription"),
        subscription_item=source.get("subscription_item"),
        invoice_item=source.get("invoice_item"),
        proration=source.get("proration", False),
        proration_details={"credited_items": None},
        price=copied(price) if price else named.get("price"),
        metadata=line["metadata"] or dict(subscription.get("metadata") or {}),
        tax_amounts=line.pop("taxes", []),
        tax_rates=[],
    )


def _subscription_before_basil(_account: Account, subscription: Json) -> None:
    """Move the period from the items to the subscription.

    https://docs.stripe.com/changelog/basil/2025-03-31/deprecate-subscription-current-period-start-and-end
    """
    items = subscription["items"]["data"]
    for name, pick in (("current_period_start", max), ("current_period_end", min)):
        found = [item.pop(name) for item in items if name in item]
        subscription[name] = pick(found) if found else None
    subscription.pop("billing_mode", None)
    subscription["discount"] = None


def _payment_before_basil(account: Account, payment: Json) -> None:
    """Name the invoice in a payment intent or charge.

    https://docs.stripe.com/changelog/basil/2025-03-31/add-support-for-multiple-partial-payments-on-invoices
    """
    intent = payment["payment_intent"] if payment["object"] == "charge" else payment["id"]
    name = intent["id"] if isinstance(intent, dict) else intent
    payment["invoice"] = account.notes(name or "").get("invoice")


def _session_before_basil(_account: Account, session: Json) -> None:
    """Give `shipping_details` back.

    https://docs.stripe.com/changelog/basil/2025-03-31/checkout-session-remove-shipping-details
    """
    session["shipping_details"] = None
    session.pop("presentment_details", None)


def _session_before_dahlia(_account: Account, session: Json) -> None:
    """Name the hosted page as before.

    https://docs.stripe.com/changelog/dahlia/2026-03-25/updates-available-checkout-session-ui-modes
    """
    names = {"hosted_page": "hosted", "embedded_page": "embedded", "elements": "custom"}
    session["ui_mode"] = names.get(session.get("ui_mode") or "", session.get("ui_mode"))


def _charge_before_2022_11_15(account: Account, charge: Json) -> None:
    """Include the refunds. https://docs.stripe.com/changelog/2022-11-15/deprecates-charges-auto-expand"""
    if "refunds" not in charge:
        found = [copied(one) for one in account.every("refund") if one["charge"] == charge["id"]]
        charge["refunds"] = listing(found, f"/v1/charges/{charge['id']}/refunds")
    charge.update(order=None, dispute=None, destination=None)


def _intent_before_2022_11_15(account: Account, intent: Json) -> None:
    """List the charges instead of naming the latest one.

    https://docs.stripe.com/changelog/2022-11-15/removes-charges-attribute-paymentintent
    """
    intent.pop("latest_charge", None)
    found = [
        copied(one) for one in account.every("charge") if one["payment_intent"] == intent["id"]
    ]
    for charge in found:
        _payment_before_basil(account, charge)
        _charge_before_2022_11_15(account, charge)
    intent["charges"] = listing(found, f"/v1/charges?payment_intent={intent['id']}")


def _session_before_2020_08_27(account: Account, session: Json) -> None:
    """List what is bought. https://docs.stripe.com/changelog/2020-08-27/removes-display-items-checkout"""
    session["display_items"] = [
        {
            "amount": item["price"]["unit_amount"],
            "currency": item["price"]["currency"],
            "quantity": item["quantity"],
            "type": "custom",
        }
        for item in account.notes(session["id"]).get("line_items", [])
    ]


def _subscription_before_2020_08_27(_account: Account, subscription: Json) -> None:
    """Name the plan and the tax. https://docs.stripe.com/changelog/2020-08-27/removes-tax-percent-prorate"""
    items = subscription["items"]["data"]
    only = items[0] if len(items) == 1 else {}
    subscription.update(
        plan=copied(only.get("plan")), quantity=only.get("quantity"), tax_percent=None
    )


CHANGES = (
    Change("2026-03-25", "checkout.session", _session_before_dahlia),
    Change(BASIL, "invoice", _invoice_before_basil),
    Change(BASIL, "line_item", _line_before_basil),
    Change(BASIL, "subscription", _subscription_before_basil),
    Change(BASIL, "payment_intent", _payment_before_basil),
    Change(BASIL, "charge", _payment_before_basil),
    Change(BASIL, "checkout.session", _session_before_basil),
    Change("2022-11-15", "charge", _charge_before_2022_11_15),
    Change("2022-11-15", "payment_intent", _intent_before_2022_11_15),
    Change("2020-08-27", "checkout.session", _session_before_2020_08_27),
    Change("2020-08-27", "subscription", _subscription_before_2020_08_27),
)
"""Newest first, and so are they undone."""
