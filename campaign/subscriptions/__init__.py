"""Monthly and yearly gifts: Stripe's events, invoices, and changes by donors and staff."""
