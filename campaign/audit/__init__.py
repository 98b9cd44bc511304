"""Records of activity: the audit log, requests to Stripe, and heartbeats of scheduled jobs."""
