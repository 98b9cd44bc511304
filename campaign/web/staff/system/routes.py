"""The blueprints of API tokens, webhooks and email previews."""

from flask import Blueprint

from campaign.web.staff.system import api_tokens, card_testing, mail_preview, moving_in, webhooks

BLUEPRINTS: tuple[Blueprint, ...] = (
    mail_preview.blueprint,
    api_tokens.blueprint,
    webhooks.blueprint,
    moving_in.blueprint,
    card_testing.blueprint,
)
