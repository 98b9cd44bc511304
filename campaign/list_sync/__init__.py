"""Keep the lists of subscribers at Mailchimp, Brevo and listmonk in step with ours.

Subscribers whose consent is on record are added there; who leaves there leaves here. docs/list-sync.md describes it.
"""
