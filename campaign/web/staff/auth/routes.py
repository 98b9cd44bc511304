"""The blueprints of staff sign-in, accounts and the team."""

from flask import Blueprint

from campaign.web.staff.auth import (
    account,
    credentials,
    kept_forms,
    oidc,
    passkeys,
    second_factor,
    sign_in,
    team,
)

BLUEPRINTS: tuple[Blueprint, ...] = (
    sign_in.blueprint,
    second_factor.blueprint,
    passkeys.entrance,
    oidc.blueprint,
    account.blueprint,
    credentials.blueprint,
    passkeys.blueprint,
    team.blueprint,
    kept_forms.blueprint,
)
