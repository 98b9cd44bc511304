"""The blueprints of the public appeal. No cookies."""

from flask import Blueprint

from campaign.web.appeal import donor_wall, embed, feed, images, print_sheet, public

BLUEPRINTS: tuple[Blueprint, ...] = (
    public.blueprint,
    embed.blueprint,
    feed.blueprint,
    images.blueprint,
    print_sheet.blueprint,
    donor_wall.blueprint,
)
