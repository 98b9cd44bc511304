"""Log one line of JSON per event, and report errors to Sentry if SENTRY_DSN is set. Traces need no code: see docs.

Addresses that open a page to whoever knows them are in no line and no report (`core.secret_addresses`).
"""

import logging
import sys
from typing import TYPE_CHECKING, Any

import structlog

from campaign.core.log_masking import mask_event
from campaign.core.secret_addresses import redact, redact_report

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


def _redacted(_logger: object, _method: str, line: Any) -> str:
    """Leave secret addresses out of the finished line: of its values, of tracebacks, of any library's sentences."""
    return redact(line)


def _clean_report(report: Any, hint: object = None) -> Any:
    """Leave secret addresses and what the reader sent out of a report, and mask email addresses."""
    return mask_event(None, "", redact_report(report, hint))


def observe(settings: "Settings", process: str) -> None:
    """Set up logging and error reports; call once when the process starts. Donors' data is never logged, only IDs."""
    log_to_stderr()
    if settings.sentry_dsn and sentry_sdk is not None:
        sentry_sdk.init(
            dsn=settings.sentry_dsn,
            send_default_pii=False,
            server_name=process,
            # Local variables are donors' names and one-time secrets; a request's body is what they typed.
            include_local_variables=False,
            max_request_body_size="never",
            before_send=_clean_report,
            before_send_transaction=_clean_report,
            before_breadcrumb=_clean_report,
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
                _redacted,
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
