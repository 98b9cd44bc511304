"""Email infrastructure: outbox, rendering, SMTP, bounces, suppressions. The content is in `campaign.emails`."""
