"""Integrations with other systems: API tokens, outgoing webhooks and their payloads."""
