"""Gunicorn's logs without secret addresses, whatever `--access-logformat` asks for. `gunicorn.conf.py` names this."""

import logging
from datetime import timedelta
from typing import Any

from gunicorn.glogging import Logger

from campaign.core.secret_addresses import redact, redact_path

_KEPT = ("h", "l", "t", "s", "m", "H", "b", "B", "T", "D", "M", "L", "p", "a")
"""What a format may use besides `r` and `U`: https://docs.gunicorn.org/en/stable/settings.html#access-log-format.

Not `f` (Referer), `q` (the query), `u` (the user), nor any header or variable: they hold addresses, cookies and tokens.
"""


class _SafeFormatter(logging.Formatter):
    """Formats as another formatter does, then leaves secret addresses out."""

    def __init__(self, other: logging.Formatter) -> None:
        super().__init__()
        self._other = other

    def format(self, record: logging.LogRecord) -> str:
        return redact(self._other.format(record))


class AccessLogger(Logger):  # type: ignore[misc] # gunicorn has no types
    """Gunicorn's own logger, except for what may be in a line."""

    def atoms(
        self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta
    ) -> dict[str, Any]:
        found = super().atoms(resp, req, environ, request_time)
        path = redact_path(str(environ.get("PATH_INFO", "")))
        kept = {name: found[name] for name in _KEPT if name in found}
        return kept | {"U": path, "r": f"{found['m']} {path} {found['H']}"}

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(_SafeFormatter(handler.formatter or logging.Formatter()))
