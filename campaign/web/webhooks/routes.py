"""Where Stripe and mail providers post: every blueprint of it."""

from flask import Blueprint

from campaign.web.webhooks import mail_provider, stripe

BLUEPRINTS: tuple[Blueprint, ...] = (
    stripe.blueprint,
    mail_provider.blueprint,
)
