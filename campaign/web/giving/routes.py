"""All blueprints of the giving pages."""

from flask import Blueprint

from campaign.web.giving import donate, privacy, reminders, thank_you, unsubscribe

BLUEPRINTS: tuple[Blueprint, ...] = (
    donate.blueprint,
    thank_you.blueprint,
    reminders.blueprint,
    privacy.blueprint,
    unsubscribe.blueprint,
)
