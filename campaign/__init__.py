"""The donation campaign service. `create_app` makes the web application; nothing else lives here."""

from campaign.views.application import create_app

__all__ = ["create_app"]
