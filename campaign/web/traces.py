"""Traces without secret addresses, for processes that are started with `opentelemetry-instrument`."""

from typing import Any

from flask import Flask

from campaign.core.secret_addresses import redact, redact_path

try:
    from opentelemetry import trace
except ImportError:  # the `observability` extra is not installed
    trace = None

_PATHS = frozenset({"http.target", "url.path"})
_DROPPED = frozenset({"url.query", "http.request.header.referer", "client.address", "net.peer.ip"})


def prepare(app: Flask) -> None:
    """Clean the span of each request before a view runs; the instrumentation of Flask has opened it by then."""
    if trace is not None:
        app.before_request(_clean_current_span)


def _clean_current_span() -> None:
    clean_span(trace.get_current_span())


def clean_span(span: Any) -> None:
    """Overwrite the name and the attributes of a span that hold addresses: https://opentelemetry.io/docs/specs/semconv/http/."""
    for name, value in dict(getattr(span, "attributes", None) or {}).items():
        if name in _DROPPED:
            span.set_attribute(name, "-")
        elif isinstance(value, str):
            span.set_attribute(name, redact_path(value) if name in _PATHS else _cleaned(value))
    # A request for no page of ours is named by its path, others by their route.
    if isinstance(name := getattr(span, "name", None), str):
        span.update_name(redact(name))


def _cleaned(value: str) -> str:
    """Return a value without secrets; of a URL, also without its query."""
    return redact(value.partition("?")[0] if "://" in value else value)
