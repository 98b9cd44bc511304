"""The donor's own page, `/me`: links to it, preferences, profile, history."""
