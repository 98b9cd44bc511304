"""Controls that simulate donors, banks, staff and bad networks."""
