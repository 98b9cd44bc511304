"""All blueprints of the donor pages."""

from flask import Blueprint

from campaign.web.portal import documents, profile, sign_in, subscriptions

BLUEPRINTS: tuple[Blueprint, ...] = (
    sign_in.blueprint,
    profile.blueprint,
    documents.blueprint,
    subscriptions.blueprint,
)
