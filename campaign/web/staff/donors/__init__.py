"""Donations and donors as staff see, correct and refund them."""
