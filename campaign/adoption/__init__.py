"""Taking in payments and subscriptions of the Stripe account that did not begin here."""
