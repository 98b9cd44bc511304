"""The ledger compared with Stripe's balance, and repaired."""
