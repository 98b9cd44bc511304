"""The service's Celery application in this process, with the database, Stripe and mail server of the test."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from campaign.core.settings import Settings
from tests.support.web_server import SETTINGS


@contextmanager
def celery_application(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[Any]:
    """Yield the Celery application with all its tasks; they use `settings`."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)  # it reads them on its first import
    module = importlib.import_module("workers.app")
    module.app.loader.import_default_modules()
    monkeypatch.setattr(module, "settings", settings)
    module.installation.cache_clear()
    yield module.app
    module.installation().engine.dispose()
    module.installation.cache_clear()
