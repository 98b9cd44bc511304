"""The donation campaign service. `create_app` creates the web application; nothing else is defined here."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from campaign.runtime.context import Installation

__all__ = ["create_app"]


def create_app(installation: "Installation | None" = None) -> "Flask":
    """Create the WSGI application for `installation`, or from the environment; raises ConfigurationError."""
    # Imported here because commands and workers import `campaign` too and should not load all web code.
    from campaign.web.app import create_app as assemble  # noqa: PLC0415

    return assemble(installation)
