"""Email as such: the outbox, rendering, SMTP, bounces, suppressions. What an email says is `campaign.emails`."""
