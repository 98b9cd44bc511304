"""API tokens, webhooks, and previews of every email."""
