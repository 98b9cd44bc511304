"""The donor page `/me`: its sign-in links, preferences, profile and gift history."""
