"""The staff's room: what is served under `/staff`. A module a noun; each brings its blueprint here."""

from flask import Blueprint, Flask

from campaign.web.staff.auth import (
    account,
    credentials,
    oidc,
    passkeys,
    second_factor,
    sign_in,
    team,
)
from campaign.web.staff.books import (
    audit,
    books,
    deposits,
    exports,
    offline,
    offline_import,
    payouts,
    reconciliations,
)
from campaign.web.staff.campaigns import (
    appearance,
    branding,
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
from campaign.web.staff.core import access
from campaign.web.staff.donors import donations, donor_changes, donors, erasure, refunds
from campaign.web.staff.system import api_tokens, mail_preview, webhooks

BLUEPRINTS: tuple[Blueprint, ...] = (
    sign_in.blueprint,
    second_factor.blueprint,
    passkeys.entrance,
    oidc.blueprint,
    account.blueprint,
    credentials.blueprint,
    passkeys.blueprint,
    team.blueprint,
    mail_preview.blueprint,
    donations.blueprint,
    refunds.blueprint,
    donors.blueprint,
    donor_changes.blueprint,
    erasure.blueprint,
    dashboard.blueprint,
    campaigns.blueprint,
    status.blueprint,
    edit.blueprint,
    appearance.blueprint,
    translations.blueprint,
    donor_wall.blueprint,
    branding.blueprint,
    schedule.blueprint,
    matching_gifts.blueprint,
    direct_mail.blueprint,
    report.blueprint,
    offline.blueprint,
    offline_import.blueprint,
    deposits.blueprint,
    audit.blueprint,
    exports.blueprint,
    books.blueprint,
    reconciliations.blueprint,
    api_tokens.blueprint,
    webhooks.blueprint,
    payouts.blueprint,
)


def register(app: Flask) -> None:
    """Open the staff's room in `app`."""
    access.prepare(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
