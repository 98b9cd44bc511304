"""Log one line of JSON per event, and report errors to Sentry if SENTRY_DSN is set. Traces need no code: see docs."""

import logging
import sys
from typing import TYPE_CHECKING

import structlog

from campaign.core.log_masking import mask_event

if TYPE_CHECKING:
    # The settings import the database library; a command's `--help` should not wait for it.
    from campaign.core.settings import Settings

try:
    import sentry_sdk
except ImportError:  # the `observability` extra is not installed
    sentry_sdk = None


_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def observe(settings: "Settings", process: str) -> None:
    """Set up logging and error reports; call once when the process starts. Donors' data is never logged, only IDs."""
    log_to_stderr()
    if settings.sentry_dsn and sentry_sdk is not None:
        sentry_sdk.init(
            dsn=settings.sentry_dsn,
            send_default_pii=False,
            # Variables and forms have names and addresses in them.
            include_local_variables=False,
            max_request_body_size="never",
            before_send=lambda event, _hint: mask_event(None, "", event),
            server_name=process,
        )


def log_to_stderr(level: int = logging.INFO) -> None:
    """Log one line of JSON per event to stderr, so that stdout holds only a command's result."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                mask_event,
                structlog.processors.JSONRenderer(sort_keys=True),
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # The SDK logs each request at INFO; our own events cover what matters.
    logging.getLogger("stripe").setLevel(logging.WARNING)
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
