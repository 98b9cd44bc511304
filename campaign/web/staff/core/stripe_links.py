"""Addresses in Stripe's dashboard, in the mode of this installation's key."""

from flask import Flask

from campaign.web.context import installation

_PLACES = {
    "pi": "payments",
    "ch": "payments",
    "py": "payments",
    "sub": "subscriptions",
    "in": "invoices",
    "cus": "customers",
    "re": "refunds",
    "pyr": "refunds",
    "dp": "disputes",
    "du": "disputes",
    "po": "payouts",
}
"""Where the dashboard shows an object, by the beginning of its id."""


def stripe_page(stripe_id: str) -> str:
    """The address of the dashboard's page about `stripe_id`; '' where it has none."""
    place = _PLACES.get(stripe_id.partition("_")[0])
    if place is None:
        return ""
    mode = "" if "_live_" in installation().settings.stripe_secret_key else "test/"
    return f"https://dashboard.stripe.com/{mode}{place}/{stripe_id}"


def prepare(app: Flask) -> None:
    """Give the templates `stripe_page`."""
    app.jinja_env.globals["stripe_page"] = stripe_page
