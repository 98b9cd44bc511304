"""The card form outside of checkout: in the portal and on the page of an open invoice."""

from collections.abc import Callable
from datetime import UTC, datetime

from flask import render_template, request

from sandbox.stripe.errors import CardDeclined
from sandbox.stripe.objects.cards import CARDS
from sandbox.stripe.page.entries import Entries
from sandbox.stripe.state.account import Account


def submit(account: Account, entries: Entries, done: Callable[[], object]) -> int:
    """Validate the form and call `done`. Return the HTTP status if the form must be shown again, or 0."""
    if "fill" in request.form:
        entries.fill(request.form["fill"])
        return 200
    if entries.validate(datetime.fromtimestamp(account.now(), UTC)):
        return 422
    try:
        done()
    except CardDeclined as declined:
        entries.declined(declined)
        return 402
    return 0


def show(
    entries: Entries, title: str, button: str, person: str | None, back: str | None = None
) -> str:
    """Render the form with the values entered so far."""
    return render_template(
        "card.html",
        title=title,
        button=button,
        back=back,
        person=person,
        entries=entries,
        errors=entries.errors,
        cards=CARDS,
    )
