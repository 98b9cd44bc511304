"""A small customer portal: recurring payments, and the deep link to change the card."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request

from sandbox.stripe.api.amounts import format_amount
from sandbox.stripe.page import card_form
from sandbox.stripe.page.entries import Entries, read
from sandbox.stripe.rules import card_updates, clock, subscriptions
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account


def blueprint(account: Account) -> Blueprint:
    pages = Blueprint("portal", __name__)

    @pages.get("/p/session/<name>")
    def portal(name: str) -> Any:
        with account.transaction():
            clock.run_due(account)
            session = account.find(name, "billing_portal.session")
            if session is None:
                return render_template("closed.html", session=None, back=None), 404
            if session["flow"]:
                return _card_form(account, session, read({}, ""))
            return _page(account, session)

    @pages.post("/p/session/<name>")
    def change(name: str) -> Any:
        with account.transaction():
            session = account.find(name, "billing_portal.session")
            if session and session["flow"]:
                return _save_card(account, session)
            found = account.find(request.form.get("subscription"), "subscription")
            mine = session and found and found["customer"] == session["customer"]
            if mine and found["status"] not in subscriptions.ENDED:
                at_end = request.form.get("action") == "cancel"
                subscriptions.update(account, found, {"cancel_at_period_end": at_end})
            return redirect(f"/p/session/{name}", 303)

    return pages


def _page(account: Account, session: Json) -> str:
    customer = account.get("customer", session["customer"])
    mine = [
        _line(found)
        for found in account.every("subscription")
        if found["customer"] == customer["id"]
    ]
    return render_template("portal.html", session=session, customer=customer, subscriptions=mine)


def _save_card(account: Account, session: Json) -> Any:
    """Handle the flow `payment_method_update`: save the card for the customer and redirect the donor."""
    customer = account.get("customer", session["customer"])
    entries = read(request.form, customer["email"] or "")
    status = card_form.submit(
        account,
        entries,
        lambda: card_updates.save_default_method(account, customer, entries.instrument()),
    )
    if status:
        return _card_form(account, session, entries), status
    after = session["flow"]["after_completion"]
    if after["type"] == "redirect":
        return redirect(after["redirect"]["return_url"], 303)
    return _page(account, session)


def _card_form(account: Account, session: Json, entries: Entries) -> str:
    person = account.get("customer", session["customer"])["email"]
    return card_form.show(entries, "Update your card", "Save", person, back=session["return_url"])


def _line(found: Json) -> Json:
    item = found["items"]["data"][0]
    total = item["price"]["unit_amount"] * item["quantity"]
    end = datetime.fromtimestamp(item["current_period_end"], UTC)
    return {
        "id": found["id"],
        "status": found["status"],
        "ending": found["cancel_at_period_end"],
        "over": found["status"] in subscriptions.ENDED,
        "amount": f"{format_amount(total, found['currency'])} a {item['price']['recurring']['interval']}",
        "until": f"{end:%B} {end.day}, {end.year}",
    }
