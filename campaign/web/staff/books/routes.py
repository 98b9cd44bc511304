"""All blueprints of the books."""

from flask import Blueprint

from campaign.web.staff.books import (
    account_payments,
    audit,
    books,
    deposits,
    exports,
    offline,
    offline_import,
    payouts,
    reconciliations,
)

BLUEPRINTS: tuple[Blueprint, ...] = (
    offline.blueprint,
    offline_import.blueprint,
    deposits.blueprint,
    audit.blueprint,
    exports.blueprint,
    books.blueprint,
    reconciliations.blueprint,
    account_payments.blueprint,
    payouts.blueprint,
)
