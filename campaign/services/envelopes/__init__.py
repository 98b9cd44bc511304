"""Envelopes: gifts by cheque, in cash, from donor-advised funds and as stock, and how they are taken to the bank.

For staff's pages and the command; Stripe knows nothing of them.
"""
