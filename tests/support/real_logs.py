"""Logs as a running process writes them; the tests' own are silent."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from campaign.core.observability import log_to_stderr


@contextmanager
def real_logs(level: int = logging.INFO) -> Iterator[None]:
    """Log to stderr within the block, then put the tests' own logging back."""
    root, quiet = logging.getLogger(), structlog.get_config()
    handlers, before = root.handlers[:], root.level
    log_to_stderr(level)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(before)
        logging.getLogger("stripe").setLevel(logging.NOTSET)
        structlog.configure(**quiet)
