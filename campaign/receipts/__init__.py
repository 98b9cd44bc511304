"""Receipts and yearly statements, in words and as PDF/UA."""
