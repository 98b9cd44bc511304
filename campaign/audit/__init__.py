"""What was done and when: the audit log, requests to Stripe, and whether scheduled jobs ran."""
