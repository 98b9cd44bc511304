"""One-time links and sessions, of staff and of donors."""
