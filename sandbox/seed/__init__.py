"""A believable past for a developer's database: `./dev seed`. Nothing of the service imports this.

Gifts by the thousand or the million, consistent to the last entry: `campaign ledger check` finds nothing. What is drawn
follows from the seed and the clock alone. Each step is one SQL file; `filling` runs them in one transaction.
"""
