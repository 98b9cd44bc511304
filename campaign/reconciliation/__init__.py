"""Compare the ledger with Stripe's balance, and repair it."""
