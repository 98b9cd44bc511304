"""Money made beside the application's form, as Python methods: Payment Links and Stripe's dashboard.

`routes` offers them over HTTP. Mixed into `StripeSandbox`.
"""

from sandbox.stripe.objects.cards import digits
from sandbox.stripe.rules import dashboard, payment
from sandbox.stripe.state import Json, copied
from sandbox.stripe.state.account import Account


class DashboardControls:
    """Payments, subscriptions and invoices that did not begin here. All methods return copies of objects."""

    account: Account

    def pay_link(
        self,
        amount: int,
        currency: str = "usd",
        *,
        email: str = "lia@example.org",
        name: str = "Lia Link",
        interval: str | None = None,
        card: str = dashboard.CARD,
        metadata: Json | None = None,
        product: str = "Donation",
    ) -> Json:
        """Pay by a Payment Link and return its session. `interval`: month or year, for a subscription."""
        price: Json = {"currency": currency, "unit_amount": amount}
        if interval:
            price["recurring"] = {"interval": interval}
        instrument = payment.Instrument(digits(card), email, name)
        with self.account.transaction():
            made = dashboard.pay_link(self.account, price, instrument, metadata or {}, product)
            return copied(made)

    def charge_customer(
        self,
        amount: int,
        currency: str = "usd",
        *,
        email: str | None = "dora@example.org",
        name: str | None = "Dora Dash",
        card: str = dashboard.CARD,
        description: str | None = None,
        metadata: Json | None = None,
    ) -> Json:
        """Charge a card in the dashboard and return the payment intent."""
        who = {"email": email, "name": name, "card": digits(card)}
        more = {"description": description, "metadata": metadata or {}}
        with self.account.transaction():
            return copied(dashboard.charge_customer(self.account, amount, currency, who, **more))

    def subscribe(
        self,
        amount: int,
        currency: str = "usd",
        *,
        email: str = "mona@example.org",
        name: str = "Mona Monthly",
        interval: str = "month",
        card: str = dashboard.CARD,
        metadata: Json | None = None,
    ) -> Json:
        """Create a subscription in the dashboard, charge its first invoice, and return it."""
        price = {
            "currency": currency,
            "unit_amount": amount,
            "recurring": {"interval": interval},
        }
        who = {"email": email, "name": name, "card": digits(card)}
        with self.account.transaction():
            return copied(dashboard.subscribe(self.account, price, who, metadata or {}))

    def bill(
        self,
        amount: int,
        currency: str = "usd",
        *,
        email: str = "ivo@example.org",
        name: str = "Ivo Invoice",
    ) -> Json:
        """Make a one-off invoice in the dashboard and return it, open."""
        who = {"email": email, "name": name}
        with self.account.transaction():
            return copied(dashboard.bill(self.account, amount, currency, who))

    def pay_part(self, invoice_id: str, amount: int, *, card: str = dashboard.CARD) -> Json:
        """Pay a part of an open invoice by a payment of its own, and return the payment intent."""
        with self.account.transaction():
            found = self.account.get("invoice", invoice_id)
            return copied(dashboard.pay_part(self.account, found, amount, digits(card)))

    def pay_outside(self, invoice_id: str, amount: int | None = None) -> Json:
        """Mark an open invoice, or `amount` of it, as paid outside Stripe."""
        with self.account.transaction():
            found = self.account.get("invoice", invoice_id)
            return copied(dashboard.pay_outside(self.account, found, amount))

    def give_credit(self, customer_id: str, amount: int) -> Json:
        """Give a customer credit, which later invoices use up first."""
        with self.account.transaction():
            found = self.account.get("customer", customer_id)
            return copied(dashboard.give_credit(self.account, found, amount))
