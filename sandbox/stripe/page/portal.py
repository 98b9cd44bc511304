"""A small customer portal, and the receipt and invoice addresses that objects name."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request

from sandbox.stripe.api.amounts import shown
from sandbox.stripe.rules import passing, subscriptions
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account

_PAPERS = {"receipts": "charge", "invoices": "invoice"}


def blueprint(account: Account) -> Blueprint:
    pages = Blueprint("portal", __name__)

    @pages.get("/p/session/<name>")
    def portal(name: str) -> Any:
        with account.transaction():
            passing.catch_up(account)
            session = account.find(name, "billing_portal.session")
            if session is None:
                return render_template("closed.html", session=None, back=None), 404
            return _page(account, session)

    @pages.post("/p/session/<name>")
    def change(name: str) -> Any:
        with account.transaction():
            session = account.find(name, "billing_portal.session")
            found = account.find(request.form.get("subscription"), "subscription")
            mine = session and found and found["customer"] == session["customer"]
            if mine and found["status"] not in subscriptions.OVER:
                at_end = request.form.get("action") == "cancel"
                subscriptions.update(account, found, {"cancel_at_period_end": at_end})
            return redirect(f"/p/session/{name}", 303)

    @pages.get("/<any(receipts, invoices):paper>/<name>")
    def paper(paper: str, name: str) -> Any:
        with account.transaction():
            obj = account.find(name, _PAPERS.get(paper, "-"))
            if obj is None:
                return render_template("closed.html", session=None, back=None), 404
            amount = shown(obj.get("amount", obj.get("total", 0)), obj["currency"])
            return render_template("paper.html", paper=paper[:-1], obj=obj, amount=amount)

    return pages


def _page(account: Account, session: Json) -> str:
    customer = account.get("customer", session["customer"])
    mine = [
        _line(found)
        for found in account.every("subscription")
        if found["customer"] == customer["id"] and found["status"] != "incomplete"
    ]
    return render_template("portal.html", session=session, customer=customer, subscriptions=mine)


def _line(found: Json) -> Json:
    item = found["items"]["data"][0]
    total = item["price"]["unit_amount"] * item["quantity"]
    end = datetime.fromtimestamp(item["current_period_end"], UTC)
    return {
        "id": found["id"],
        "status": found["status"],
        "ending": found["cancel_at_period_end"],
        "over": found["status"] in subscriptions.OVER,
        "amount": f"{shown(total, found['currency'])} a {item['price']['recurring']['interval']}",
        "until": f"{end:%d %B %Y}",
    }
