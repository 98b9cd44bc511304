"""Other systems: API tokens, outgoing webhooks and what they say."""
