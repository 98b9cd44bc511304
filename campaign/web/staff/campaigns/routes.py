"""The blueprints of the campaign pages."""

from flask import Blueprint

from campaign.web.staff.campaigns import (
    appearance,
    branding,
    campaign_emails,
    campaigns,
    dashboard,
    direct_mail,
    donor_wall,
    edit,
    matching_gifts,
    report,
    schedule,
    status,
    translations,
)

BLUEPRINTS: tuple[Blueprint, ...] = (
    dashboard.blueprint,
    campaigns.blueprint,
    status.blueprint,
    edit.blueprint,
    appearance.blueprint,
    translations.blueprint,
    donor_wall.blueprint,
    branding.blueprint,
    schedule.blueprint,
    campaign_emails.blueprint,
    matching_gifts.blueprint,
    direct_mail.blueprint,
    report.blueprint,
)
