"""The service's Celery application in this process, with the database, Stripe and mail server of the test."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from campaign.core.settings import Settings
from tests.support.web_server import SETTINGS


def celery_application(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the Celery application with all its tasks."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)  # it reads them on its first import
    application = importlib.import_module("workers.app").app
    application.loader.import_default_modules()
    return application


@contextmanager
def tasks_with(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[Any]:
    """Yield the Celery application; its tasks use `settings`."""
    application = celery_application(monkeypatch)
    module = importlib.import_module("workers.app")
    monkeypatch.setattr(module, "settings", settings)
    module.installation.cache_clear()
    yield application
    module.installation().engine.dispose()
    module.installation.cache_clear()
