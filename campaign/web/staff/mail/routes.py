"""The blueprints of subscribers, suppressions and undelivered emails."""

from flask import Blueprint

from campaign.web.staff.mail import subscriber_changes, subscribers, suppressions, undelivered

BLUEPRINTS: tuple[Blueprint, ...] = (
    subscribers.blueprint,
    subscriber_changes.blueprint,
    suppressions.blueprint,
    undelivered.blueprint,
)
