"""Donors as staff manage them: lists, search, corrections, merges and notes."""
