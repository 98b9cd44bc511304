"""The hands behind the scenes: what in life donors, banks, staff and bad networks do."""
