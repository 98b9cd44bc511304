"""One-time links and sessions, for staff and donors."""
