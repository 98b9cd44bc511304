"""The blueprints of the incoming webhooks."""

from flask import Blueprint

from campaign.web.webhooks import mail_provider, provider_events, stripe

BLUEPRINTS: tuple[Blueprint, ...] = (
    stripe.blueprint,
    mail_provider.blueprint,
    provider_events.blueprint,
)
