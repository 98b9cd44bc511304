"""Actions of people outside the API, as Python methods. `routes` offers them over HTTP. Mixed into `StripeSandbox`."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.stripe.errors import Refused
from sandbox.stripe.objects.cards import digits
from sandbox.stripe.rules import (
    clock,
    debits,
    disputes,
    payment,
    payouts,
    refunds,
    sessions,
    subscriptions,
)
from sandbox.stripe.state import Json, copied
from sandbox.stripe.state.account import Account, require
from sandbox.stripe.webhooks.deliverer import Deliverer

BANK_NUMBERS = {
    "succeeds": "000123456789",
    "fails": "000111111116",
    "insufficient_funds": "000222222227",
}
DEBIT_FAILURE = ("debit_not_authorized", "The customer's bank account has been closed.")


class Controls:
    """Actions of donors, banks and staff in Stripe's dashboard, and the clock. All methods return copies of objects."""

    account: Account
    deliverer: Deliverer

    # --- Donors

    def pay(
        self,
        session_id: str,
        card: str = "4242424242424242",
        *,
        bank: str | None = None,
        email: str | None = None,
        name: str = "Dana Donor",
        authenticate: bool = True,
        billing: Mapping[str, str] | None = None,
    ) -> Json:
        """Pay like the hosted page does and return the session. Raises CardDeclined (a Refused).

        `bank` ("succeeds", "fails", "insufficient_funds") pays by debit. `authenticate` passes 3-D Secure. `billing`
        has the parts of the address that are entered.
        """
        with self.account.transaction():
            clock.run_due(self.account)
            session = self.account.get("checkout.session", session_id)
            number = BANK_NUMBERS[bank] if bank else digits(card)
            address = email or session["customer_email"] or "donor@example.org"
            instrument = payment.Instrument(
                number, address, name, bank=bank is not None, address=billing or {}
            )
            if payment.pay(self.account, session, instrument) == "challenge":
                payment.answer_challenge(self.account, session, passed=authenticate)
            return copied(session)

    def settle(self, name: str, *, fail: bool = False) -> Json:
        """Settle a bank debit now, or fail it. `name` is the id of the session, payment intent or invoice."""
        with self.account.transaction():
            intent = self._intent(name)
            return copied(debits.settle(self.account, intent, DEBIT_FAILURE if fail else None))

    def _intent(self, name: str) -> Json:
        obj = self.account.find(name)
        if obj and obj["object"] == "checkout.session" and obj["invoice"]:
            obj = self.account.find(obj["invoice"])
        if obj and obj["object"] == "checkout.session":
            obj = self.account.find(obj["payment_intent"])
        if obj and obj["object"] == "invoice":
            obj = self.account.find(self.account.notes(obj["id"]).get("intent"))
        require(obj and obj["object"] == "payment_intent", Refused(f"{name} has no payment."))
        return obj

    def take_back(self, name: str) -> Json:
        """Return a debit that had succeeded. `name` is the id of the session, intent, invoice or charge."""
        with self.account.transaction():
            charge = self.charge_of(name)
            return copied(debits.return_debit(self.account, charge, DEBIT_FAILURE))

    def expire(self, session_id: str) -> Json:
        """Expire this session, as after 24 hours."""
        with self.account.transaction():
            session = self.account.get("checkout.session", session_id)
            return copied(sessions.expire(self.account, session))

    # --- Banks

    def charge_of(self, name: str) -> Json:
        """Return the latest charge for the id of a session, intent, invoice or charge. This is not a copy."""
        found = self.account.find(name, "charge")
        return found or self.account.get("charge", self._intent(name)["latest_charge"] or "")

    def dispute(self, name: str, *, inquiry: bool = False, **more: Any) -> Json:
        """Dispute the charge of `name`. `more`: amount, reason, prevented."""
        with self.account.transaction():
            charge = self.charge_of(name)
            return copied(disputes.open_dispute(self.account, charge, inquiry=inquiry, **more))

    def escalate(self, dispute_id: str) -> Json:
        with self.account.transaction():
            found = self.account.get("dispute", dispute_id)
            return copied(disputes.escalate(self.account, found))

    def answer_dispute(self, dispute_id: str) -> Json:
        """Submit evidence for a dispute, an inquiry or an appeal."""
        with self.account.transaction():
            found = self.account.get("dispute", dispute_id)
            return copied(disputes.answer(self.account, found))

    def appeal(self, dispute_id: str) -> Json:
        """Begin the appeal of a lost dispute; `answer_dispute` and `close_dispute` go on with it."""
        with self.account.transaction():
            found = self.account.get("dispute", dispute_id)
            return copied(disputes.appeal(self.account, found))

    def adjust_dispute(self, dispute_id: str, amount: int, category: str | None = None) -> Json:
        """Move a signed amount of the balance's currency for a dispute, beside its withdrawal and return."""
        with self.account.transaction():
            found = self.account.get("dispute", dispute_id)
            return copied(disputes.adjust(self.account, found, amount, category))

    def close_dispute(self, dispute_id: str, *, won: bool, return_fee: bool = False) -> Json:
        with self.account.transaction():
            found = self.account.get("dispute", dispute_id)
            return copied(disputes.close(self.account, found, won=won, return_fee=return_fee))

    def warn(self, name: str) -> Json:
        """Create an early fraud warning for the charge of `name`."""
        with self.account.transaction():
            return copied(disputes.warn(self.account, self.charge_of(name)))

    # --- Staff in Stripe's dashboard

    def refund(self, name: str, amount: int | None = None, *, fate: str | None = None) -> Json:
        """Refund the charge of `name`. `fate`: "succeeds", "pending", "fails", "pending_fails"."""
        with self.account.transaction():
            charge = self.charge_of(name)
            found = refunds.refund(self.account, charge, amount, fate=fate)
            return copied(found)

    def end_refund(self, refund_id: str, *, fail: bool = False) -> Json:
        """Let a pending refund succeed now, or let any refund fail."""
        with self.account.transaction():
            found = self.account.get("refund", refund_id)
            verb = refunds.fail if fail else refunds.settle
            return copied(verb(self.account, found))

    def cancel_subscription(self, subscription_id: str) -> Json:
        with self.account.transaction():
            found = self.account.get("subscription", subscription_id)
            return copied(subscriptions.end(self.account, found))

    def payout(self, currency: str | None = None, *, arrive: bool = True) -> Json:
        """Pay out the balance. With `arrive`, the payout also reaches the bank."""
        with self.account.transaction():
            made = payouts.pay_out(self.account, currency)
            return copied(payouts.arrive(self.account, made) if arrive else made)

    def fail_payout(self, payout_id: str) -> Json:
        with self.account.transaction():
            return copied(payouts.fail(self.account, self.account.get("payout", payout_id)))

    def set_fees(self, **fees: float) -> dict[str, float]:
        """Set any of card_rate, card_fixed, bank_rate, bank_most and dispute; return all fees."""
        with self.account.transaction():
            known = self.account.fees
            for name in fees:
                require(name in known, Refused(f"There is no fee {name}.", param=name))
            self.account.set_setting("fees", {**known, **fees})
            return self.account.fees

    def set_settlement(self, currency: str, rates: dict[str, str]) -> Json:
        """Settle charges in `currency`: `rates` has its units for one unit of each currency to convert.

        Return the setting. An account without rates converts nothing.
        """
        with self.account.transaction():
            for one, rate in rates.items():
                require(Decimal(rate) > 0, Refused(f"The rate of {one} must be positive."))
            found = {"currency": currency, "rates": {one: str(rate) for one, rate in rates.items()}}
            self.account.set_setting("settlement", found)
            return found

    # --- The clock

    def advance(self, *, days: float = 0, hours: float = 0, seconds: float = 0) -> int:
        """Move the clock forward and return the new time in seconds since 1970."""
        with self.account.transaction():
            clock.advance(self.account, days * 86_400 + hours * 3_600 + seconds)
            now = self.account.now()
        self.deliverer.wake()
        return now

    def now(self) -> int:
        return self.account.now()
