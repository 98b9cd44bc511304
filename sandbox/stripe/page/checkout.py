"""The hosted checkout page: /c/pay/{session}. Works without JavaScript."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from sandbox.stripe.api.amounts import format_amount
from sandbox.stripe.errors import CardDeclined, Refused
from sandbox.stripe.objects.cards import BANK_ROUTING, BANKS, CARD_BY_NUMBER, CARDS
from sandbox.stripe.page.entries import Entries, read
from sandbox.stripe.rules import clock, payment, sessions
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account

_ADVERBS = {"day": "daily", "week": "weekly", "month": "monthly", "year": "yearly"}
_INTERVALS = {
    "day": "every day",
    "week": "every week",
    "month": "every month",
    "year": "every year",
}


def blueprint(account: Account) -> Blueprint:
    pages = Blueprint("checkout", __name__, url_prefix="/c/pay")

    @pages.get("/<name>")
    def form(name: str) -> Any:
        with account.transaction():
            clock.run_due(account)
            session = account.find(name, "checkout.session")
            return _closed_page(session) or _form(account, session, read({}, _email(session)))

    @pages.post("/<name>")
    def submit(name: str) -> Any:
        with account.transaction():
            clock.run_due(account)
            session = account.find(name, "checkout.session")
            return (
                _redirect_if_complete(session)
                or _closed_page(session)
                or _submitted(account, session)
            )

    @pages.get("/<name>/challenge")
    def challenge(name: str) -> Any:
        with account.transaction():
            session = account.find(name, "checkout.session")
            if session and not account.notes(name).get("challenge"):
                return (
                    _redirect_if_complete(session)
                    or _closed_page(session)
                    or redirect(f"/c/pay/{name}", 303)
                )
            return _closed_page(session) or render_template(
                "challenge.html", session=session, summary=_summary(account, session)
            )

    @pages.post("/<name>/challenge")
    def answered(name: str) -> Any:
        with account.transaction():
            clock.run_due(account)
            session = account.find(name, "checkout.session")
            return (
                _redirect_if_complete(session)
                or _closed_page(session)
                or _challenge_answer(account, session)
            )

    return pages


def _email(session: Json | None) -> str:
    return (session or {}).get("customer_email") or ""


def _redirect_if_complete(session: Json | None) -> Response | None:
    """Redirect a repeated submission of a paid session to the same address as the first."""
    if session and session["status"] == "complete":
        return redirect(sessions.return_address(session), 303)
    return None


def _closed_page(session: Json | None) -> tuple[str, int] | None:
    if session is None:
        return render_template("closed.html", session=None, back=None), 404
    if session["status"] == "open":
        return None
    complete = session["status"] == "complete"
    back = sessions.return_address(session) if complete else session["cancel_url"]
    return render_template("closed.html", session=session, back=back), 200 if complete else 410


def _submitted(account: Account, session: Json) -> Any:
    entries = read(request.form, _email(session))
    if "fill" in request.form:
        entries.fill(request.form["fill"])
        return _form(account, session, entries)
    now = datetime.fromtimestamp(account.now(), UTC)
    if entries.validate(now):
        return _form(account, session, entries), 422
    try:
        result = payment.pay(account, session, entries.instrument())
    except CardDeclined as declined:
        entries.declined(declined)
        return _form(account, session, entries), 402
    except Refused as refused:
        entries.errors["form"] = str(refused)
        return _form(account, session, entries), 400
    if result == "challenge":
        return redirect(f"/c/pay/{session['id']}/challenge", 303)
    return redirect(sessions.return_address(session), 303)


def _challenge_answer(account: Account, session: Json) -> Any:
    passed = request.form.get("answer") == "complete"
    try:
        result = payment.answer_challenge(account, session, passed=passed)
    except CardDeclined as declined:
        entries = read({}, (session["customer_details"] or {}).get("email") or _email(session))
        entries.errors["form"] = str(declined)
        return _form(account, session, entries), 402
    if result == "nothing":
        return redirect(f"/c/pay/{session['id']}", 303)
    return redirect(sessions.return_address(session), 303)


def _form(account: Account, session: Json, entries: Entries) -> str:
    return render_template(
        "checkout.html",
        session=session,
        entries=entries,
        errors=entries.errors,
        summary=_summary(account, session),
        cards=CARDS,
        known=CARD_BY_NUMBER,
        banks=BANKS,
        routing=BANK_ROUTING,
    )


def _summary(account: Account, session: Json) -> Json:
    """Return the page's text about the session's amount and line items."""
    lines = account.notes(session["id"])["line_items"]
    total = format_amount(session["amount_total"], session["currency"])
    recurring = lines[0]["price"]["recurring"]
    interval = recurring["interval"] if recurring else None
    button = {"donate": "Give", "book": "Book"}.get(session["submit_type"], "Pay")
    if interval:
        button = "Subscribe for" if session["submit_type"] == "subscribe" else "Give"
    every = _interval(recurring) if recurring else ""
    return {
        "lines": [
            {
                "name": line["description"],
                "description": _described(account, line),
                "quantity": line["quantity"],
                "amount": format_amount(line["amount_total"], line["currency"]),
            }
            for line in lines
        ],
        "total": total,
        "every": every,
        "button": f"{button} {total}" + (f" {_adverb(recurring)}" if recurring else ""),
    }


def _described(account: Account, line: Json) -> str | None:
    return account.get("product", line["price"]["product"])["description"]


def _interval(recurring: Json) -> str:
    count = recurring["interval_count"]
    return (
        _INTERVALS[recurring["interval"]]
        if count == 1
        else f"every {count} {recurring['interval']}s"
    )


def _adverb(recurring: Json) -> str:
    return (
        _ADVERBS[recurring["interval"]]
        if recurring["interval_count"] == 1
        else _interval(recurring)
    )
