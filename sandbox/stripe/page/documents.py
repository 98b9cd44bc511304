"""The receipt and invoice pages that objects link to. An open invoice can be paid there."""

from typing import Any

from flask import Blueprint, redirect, render_template, request

from sandbox.stripe.api.amounts import format_amount
from sandbox.stripe.page import card_form
from sandbox.stripe.page.entries import Entries, read
from sandbox.stripe.rules import card_updates, clock
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account

_DOCUMENTS = {"receipts": "charge", "invoices": "invoice"}


def blueprint(account: Account) -> Blueprint:
    pages = Blueprint("papers", __name__)

    @pages.get("/<any(receipts, invoices):document>/<name>")
    def document(document: str, name: str) -> Any:
        with account.transaction():
            obj = account.find(name, _DOCUMENTS.get(document, "-"))
            if obj is None:
                return render_template("closed.html", session=None, back=None), 404
            if obj["object"] == "invoice" and obj["status"] == "open":
                return _invoice_form(obj, read({}, ""))
            amount = format_amount(obj.get("amount", obj.get("total", 0)), obj["currency"])
            return render_template("document.html", document=document[:-1], obj=obj, amount=amount)

    @pages.post("/invoices/<name>")
    def pay(name: str) -> Any:
        with account.transaction():
            clock.run_due(account)
            invoice = account.find(name, "invoice")
            if invoice is None:
                return render_template("closed.html", session=None, back=None), 404
            return _invoice_paid(account, invoice)

    return pages


def _invoice_paid(account: Account, invoice: Json) -> Any:
    """Pay an open invoice. If it was paid in the meantime, show that."""
    address = f"/invoices/{invoice['id']}"
    if invoice["status"] != "open":
        return redirect(address, 303)
    entries = read(request.form, invoice["customer_email"] or "")
    status = card_form.submit(
        account, entries, lambda: card_updates.pay_invoice(account, invoice, entries.instrument())
    )
    return (_invoice_form(invoice, entries), status) if status else redirect(address, 303)


def _invoice_form(invoice: Json, entries: Entries) -> str:
    amount = format_amount(invoice["amount_remaining"], invoice["currency"])
    title = f"Invoice {invoice['number']}: {amount}"
    return card_form.show(entries, title, f"Pay {amount}", invoice["customer_email"])
