"""Logs: one line of JSON per event on stderr, without the SDK's chatter."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import structlog

from campaign.core import observability
from campaign.core.observability import log_to_stderr, observe
from campaign.core.settings import Settings


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Put the tests' own logging back."""
    root, quiet = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("stripe").setLevel(logging.NOTSET)
    structlog.configure(**quiet)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    shown = capsys.readouterr()
    assert shown.out == "", "stdout holds only a command's result"
    return [json.loads(line) for line in shown.err.splitlines()]


def test_an_event_is_one_line_with_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    with structlog.contextvars.bound_contextvars(request="r-1"):
        structlog.get_logger("campaign.test").info("gift_paid", donation="don_1", name="Zoë\nReyes")
    (line,) = lines(capsys)
    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {
        "donation": "don_1",
        "event": "gift_paid",
        "level": "info",
        "logger": "campaign.test",
        "name": "Zoë\nReyes",
        "request": "r-1",
    }


def test_a_librarys_lines_look_the_same_and_stripes_begin_with_warnings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_to_stderr()
    logging.getLogger("celery.worker").info("ready")
    logging.getLogger("celery.worker").debug("too much")
    logging.getLogger("stripe").info("Request to Stripe api")
    logging.getLogger("stripe").warning("deprecated")
    found = [(one["logger"], one["level"], one["event"]) for one in lines(capsys)]
    assert found == [("celery.worker", "info", "ready"), ("stripe", "warning", "deprecated")]


def test_a_command_can_ask_for_less(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(logging.WARNING)
    structlog.get_logger("campaign.test").info("routine")
    structlog.get_logger("campaign.test").warning("unusual")
    assert [one["event"] for one in lines(capsys)] == ["unusual"]


def test_an_error_has_its_traceback_on_the_same_line(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    try:
        raise ValueError("odd")
    except ValueError:
        structlog.get_logger("campaign.test").exception("failed")
    (line,) = lines(capsys)
    assert (line["event"], line["level"]) == ("failed", "error")
    assert "ValueError: odd" in str(line["exception"])


class SentryRecorder:
    """Stands in for Sentry's SDK, which is an extra that tests do not install; keeps how it was set up."""

    def __init__(self) -> None:
        self.setups: list[dict[str, Any]] = []

    def init(self, **setup: Any) -> None:
        self.setups.append(setup)


def test_errors_are_reported_without_donors_data_and_only_where_asked(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentry = SentryRecorder()
    monkeypatch.setattr(observability, "sentry_sdk", sentry)
    observe(settings, "web")
    assert sentry.setups == []
    observe(replace(settings, sentry_dsn="https://key@sentry.example/1"), "worker")
    names = ("before_send", "before_send_transaction", "before_breadcrumb")
    cleaning = [sentry.setups[0].pop(name) for name in names]
    assert sentry.setups == [
        {
            "dsn": "https://key@sentry.example/1",
            "send_default_pii": False,
            "include_local_variables": False,
            "max_request_body_size": "never",
            "server_name": "worker",
        }
    ]
    report = {"message": "to ana@example.org", "request": {"data": "typed", "method": "POST"}}
    for clean in cleaning:
        assert clean(report, {}) == {"message": "to (address)", "request": {"method": "POST"}}


def test_no_line_holds_an_address_that_is_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    secret = "/receipts/s3cret-T0ken"
    log = structlog.get_logger("campaign.test")
    log.info("asked", path=secret, said={"link": [f"https://give.example.org{secret}.pdf?a=1"]})
    logging.getLogger("celery.worker").warning("failed for %s", "/me/link/s3cret")
    try:
        raise ValueError(f"no such page: {secret}")
    except ValueError:
        log.exception("failed")
    shown = capsys.readouterr().err
    assert "s3cret" not in shown
    assert [json.loads(line)["level"] for line in shown.splitlines()] == [
        "info",
        "warning",
        "error",
    ]
    assert "/receipts/-" in shown


def test_without_the_sdk_a_process_starts_and_logs(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(observability, "sentry_sdk", None)
    observe(replace(settings, sentry_dsn="https://key@sentry.example/1"), "web")
    structlog.get_logger("campaign.test").info("ready")
    assert [one["event"] for one in lines(capsys)] == ["ready"]
