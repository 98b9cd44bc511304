"""The donation campaign service. `create_app` makes the web application; nothing else lives here."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from campaign.runtime.context import Installation

__all__ = ["create_app"]


def create_app(installation: "Installation | None" = None) -> "Flask":
    """The WSGI application of `installation`, or of the environment; raises ConfigurationError."""
    # Commands and workers are `campaign.…` too, and should not wait for the whole web to be loaded.
    from campaign.web.app import create_app as assemble  # noqa: PLC0415

    return assemble(installation)
