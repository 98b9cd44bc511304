"""All blueprints of the giving pages."""

from flask import Blueprint

from campaign.web.giving import donate, reminders, thank_you, unsubscribe

BLUEPRINTS: tuple[Blueprint, ...] = (
    donate.blueprint,
    thank_you.blueprint,
    reminders.blueprint,
    unsubscribe.blueprint,
)
