"""The books as an accountant reads them: the audit log, exports, the journal, payouts, comparisons with Stripe."""
