"""Offline gifts (checks, cash and others): entry, import, deposit and reversal; and direct mail."""
