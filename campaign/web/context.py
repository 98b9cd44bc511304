"""What every view and template may ask for: the installation, the live figure, common template values."""

import hashlib
from pathlib import Path
from typing import Any, cast

from flask import current_app

from campaign.runtime.context import Installation
from campaign.web.appeal.code_visits import VisitCounter
from campaign.web.appeal.progress_stream import LiveProgress
from campaign.web.language import (
    other_languages,
    page_language,
    requested_language,
    shared_language,
)


def installation() -> Installation:
    """This application's installation."""
    return cast("Installation", current_app.extensions["installation"])


def live() -> LiveProgress:
    """This process's live progress."""
    return cast("LiveProgress", current_app.extensions["live"])


def visits() -> VisitCounter:
    """This process's counts of visits."""
    return cast("VisitCounter", current_app.extensions["visits"])


def static_version(folder: str) -> str:
    """A short digest of the static files, so that their addresses change when they do."""
    digest = hashlib.sha256()
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:10]


def context_values() -> dict[str, Any]:
    """What the layout needs."""
    return {
        "organization": installation().settings.organization,
        "locale": page_language().locale,
        "direction": page_language().direction,
        "figures_locale": page_language().figures,
        "asked_language": requested_language(),
        "shared_language": shared_language(),
        "other_languages": other_languages(),
        "site_url": installation().settings.site_url,
        "asset_version": current_app.extensions["static_version"],
    }
