"""Monthly and yearly gifts: what Stripe says of them, their invoices, and changes that donors and staff make."""
