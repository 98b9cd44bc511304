"""All blueprints of donations and donors."""

from flask import Blueprint

from campaign.web.staff.donors import (
    donations,
    donor_changes,
    donors,
    erasure,
    evidence,
    refunds,
)

BLUEPRINTS: tuple[Blueprint, ...] = (
    donations.blueprint,
    refunds.blueprint,
    evidence.blueprint,
    donors.blueprint,
    donor_changes.blueprint,
    erasure.blueprint,
)
