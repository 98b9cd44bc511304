"""Checks and cash: entered, imported, deposited, reversed; and the appeal by direct mail."""
