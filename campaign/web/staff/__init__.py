"""The staff pages, served under `/staff`. One module per subject; each package's `routes` lists its blueprints."""

from flask import Flask

from campaign.web.staff.auth import routes as auth
from campaign.web.staff.books import routes as books
from campaign.web.staff.campaigns import routes as campaigns
from campaign.web.staff.core import access
from campaign.web.staff.donors import routes as donors
from campaign.web.staff.mail import routes as mail
from campaign.web.staff.system import routes as system


def register(app: Flask) -> None:
    """Register the staff pages in `app`."""
    access.prepare(app)
    for package in (auth, donors, mail, campaigns, books, system):
        for blueprint in package.BLUEPRINTS:
            app.register_blueprint(blueprint)
