"""The staff's room: what is served under `/staff`. A module a noun; each brings its blueprint here."""

from flask import Blueprint, Flask

from campaign.views.staff import (
    access,
    account,
    appearance,
    audit,
    books,
    campaign_standing,
    campaign_steps,
    campaign_text,
    campaigns,
    credentials,
    dashboard,
    deposits,
    donations,
    donor_changes,
    donors,
    exports,
    house,
    integrations,
    mail_preview,
    matching,
    offline,
    offline_import,
    oidc,
    passkeys,
    payouts,
    reconciliations,
    refunds,
    report,
    second_step,
    signing_in,
    team,
    translations,
    wall,
    webhooks,
)

BLUEPRINTS: tuple[Blueprint, ...] = (
    signing_in.blueprint,
    second_step.blueprint,
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
    dashboard.blueprint,
    campaigns.blueprint,
    campaign_standing.blueprint,
    campaign_text.blueprint,
    appearance.blueprint,
    translations.blueprint,
    wall.blueprint,
    house.blueprint,
    campaign_steps.blueprint,
    matching.blueprint,
    report.blueprint,
    offline.blueprint,
    offline_import.blueprint,
    deposits.blueprint,
    audit.blueprint,
    exports.blueprint,
    books.blueprint,
    reconciliations.blueprint,
    integrations.blueprint,
    webhooks.blueprint,
    payouts.blueprint,
)


def register(app: Flask) -> None:
    """Open the staff's room in `app`."""
    access.prepare(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
