"""For finance: offline gifts, deposits, payouts, reconciliation, exports, the audit log."""
