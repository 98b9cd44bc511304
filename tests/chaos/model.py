"""The expected books: plain arithmetic on the Stripe sandbox's objects, independent of the service."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.stripe import StripeSandbox
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account

GONE = ("failed", "canceled")


@dataclass(frozen=True)
class Truth:
    """One donor at Stripe. `moved` and `first` are in minor units, including covered fees.

    `moved` is what is left of all charges, `charges` their number, and `first` the amount of one charge. `sessions`
    counts completed checkout pages, and `refunds` those that have not failed.
    """

    moved: int
    charges: int
    first: int
    sessions: int
    refunds: int = 0

    def gift(self, amount: int) -> int:
        """Return what is left of the gifts of a donor whose gift is `amount`.

        There are no partial refunds with covered fees here, so the shares are the same as in the charge.
        """
        return self.moved * amount // self.first if self.first else 0


def truths(stripe: StripeSandbox, emails: Iterable[str]) -> dict[str, Truth]:
    """Return the truth about each donor, all at the same moment."""
    with stripe.account.transaction():
        sessions: dict[str, list[Json]] = {email: [] for email in emails}
        for session in stripe.account.every("checkout.session"):
            if session["customer_email"] in sessions:
                sessions[session["customer_email"]].append(session)
        book = _Book(stripe.account)
        return {email: book.truth(found) for email, found in sessions.items()}


def bank_sum(stripe: StripeSandbox) -> int:
    """Return the sum of all balance transactions before fees, which must equal the sum over donors."""
    moving = ("charge", "payment", "refund", "payment_refund", "refund_failure", "adjustment")
    with stripe.account.transaction():
        return sum(
            each["amount"]
            for each in stripe.account.every("balance_transaction")
            if each["type"] in moving
        )


class _Book:
    """Stripe's objects, indexed by the objects that they belong to."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._charges: dict[str, list[Json]] = {}
        for charge in account.every("charge"):
            if charge["status"] == "succeeded":
                self._charges.setdefault(charge["payment_intent"], []).append(charge)
        self._back: dict[str, int] = {}
        self._refunds: Counter[str] = Counter()
        for refund in account.every("refund"):
            if refund["status"] not in GONE:
                self._add(refund["charge"], -refund["amount"])
                self._refunds[refund["charge"]] += 1
        for dispute in account.every("dispute"):
            for movement in dispute["balance_transactions"]:
                self._add(dispute["charge"], movement["amount"])

    def _add(self, charge_id: str, amount: int) -> None:
        self._back[charge_id] = self._back.get(charge_id, 0) + amount

    def truth(self, sessions: list[Json]) -> Truth:
        names = [name for session in sessions for name in self._intents(session)]
        charges = [charge for name in names for charge in self._charges.get(name, [])]
        return Truth(
            moved=sum(one["amount"] + self._back.get(one["id"], 0) for one in charges),
            charges=len(charges),
            first=charges[0]["amount"] if charges else 0,
            sessions=sum(session["status"] == "complete" for session in sessions),
            refunds=sum(self._refunds[one["id"]] for one in charges),
        )

    def _intents(self, session: Json) -> list[str]:
        if session["mode"] == "payment":
            return [session["payment_intent"]] if session["payment_intent"] else []
        found = []
        for invoice in self._account.every("invoice"):
            of = (invoice["parent"] or {}).get("subscription_details") or {}
            if session["subscription"] and of.get("subscription") == session["subscription"]:
                found.append(self._account.notes(invoice["id"]).get("intent"))
        return [name for name in found if name]
