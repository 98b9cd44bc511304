"""The events of each mail provider in its own format, and the headers that carry our token through it.

Each module reads one provider's documented payload: `split` returns the events in a request, `read` what one of them
means. `web.webhooks.provider_events` authenticates the request first. Nothing here knows the database.
"""
