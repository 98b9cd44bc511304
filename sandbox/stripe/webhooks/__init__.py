"""Webhook deliveries: signed, retried and, on request, duplicated, delayed, reordered or lost."""
