"""Pages for finance: offline gifts, deposits, payouts, reconciliation, exports and the activity log."""
