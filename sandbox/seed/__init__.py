"""Realistic history for a developer's database: `./dev seed`. The service never imports this package.

It creates thousands or millions of gifts that pass `campaign ledger check`. The result depends only on the seed
and the clock. Each step is one SQL file; `filling` runs them all in one transaction.
"""
