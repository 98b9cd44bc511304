"""The ledger: payments, settlement, refund and dispute evidence, fees, invariants, exports."""
