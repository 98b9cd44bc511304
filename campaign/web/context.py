"""Shared objects for views and templates: the installation, live progress, common template values."""

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
    """Return this application's installation."""
    return cast("Installation", current_app.extensions["installation"])


def live() -> LiveProgress:
    """Return this process's live progress."""
    return cast("LiveProgress", current_app.extensions["live"])


def visits() -> VisitCounter:
    """Return this process's visit counts."""
    return cast("VisitCounter", current_app.extensions["visits"])


def static_version(folder: str) -> str:
    """Return a short digest of the static files, so that their addresses change when the files do."""
    digest = hashlib.sha256()
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:10]


def context_values() -> dict[str, Any]:
    """Return the values that the layout needs."""
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
