"""Ask the API of a list service: JSON over HTTP, one connection, limits respected. Redirects are not followed."""

import http.client
import json
import ssl
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from structlog import get_logger

from campaign.core import clock
from campaign.core.errors import CampaignError

TIMEOUT = 30.0
LONGEST_WAIT = 60.0
"""Seconds that one request waits for a limit; if it takes longer, the run ends and the next one goes on."""
_RETRIES = 3
_BUSY, _SERVER_ERROR = 429, 500
_DEFAULT_WAIT = 10.0
_LIMIT_HEADERS = ("Retry-After", "x-sib-ratelimit-reset")
"""The standard's, and Brevo's: https://developers.brevo.com/docs/limit-headers"""

log = get_logger(__name__)


class ListServiceFailed(CampaignError):
    """A list service refused a request or could not be reached. What was done before stays done."""


class ListServiceBusy(ListServiceFailed):
    """A limit of the service is reached for longer than a run waits: try again in `seconds`."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


@dataclass(frozen=True)
class ApiAnswer:
    """The status and the JSON of an answer; `body` is None if it has none."""

    status: int
    body: Any

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def words(self) -> str:
        """What the service says went wrong: Mailchimp's `detail`, the others' `message`."""
        fields = self.body if isinstance(self.body, Mapping) else {}
        said = fields.get("detail") or fields.get("message") or fields.get("title") or ""
        return f"status {self.status} {said}".strip()[:300]


def basic(user: str, password: str) -> dict[str, str]:
    """Return the header of HTTP basic authentication."""
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


class ApiClient:
    """A context manager for requests to one API below `base_url`."""

    def __init__(self, base_url: str, headers: Mapping[str, str]) -> None:
        self._base = urlsplit(base_url)
        self._headers = {
            "Accept": "application/json",
            "User-Agent": "campaign-list-sync/1",
            **headers,
        }
        self._connection: http.client.HTTPConnection | None = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, path: str, **query: object) -> ApiAnswer:
        """GET `path`; raise ListServiceFailed unless the answer is good. A query value of None is left out."""
        given = {name: value for name, value in query.items() if value is not None}
        return self.expect("GET", f"{path}?{urlencode(given)}" if given else path)

    def expect(self, method: str, path: str, body: object = None, *allowed: int) -> ApiAnswer:
        """Send a request; raise ListServiceFailed unless the answer is good or has an `allowed` status."""
        answer = self.send(method, path, body)
        if answer.good or answer.status in allowed:
            return answer
        where = path.partition("?")[0]
        raise ListServiceFailed(f"{method} {self._base.hostname}{where}: {answer.words}")

    def send(self, method: str, path: str, body: object = None) -> ApiAnswer:
        """Send a request, again if the service is busy or fails. Every request here may be repeated.

        Raise ListServiceBusy for a limit that lasts, ListServiceFailed if the service cannot be reached.
        """
        for attempt in range(_RETRIES):
            last = attempt == _RETRIES - 1
            try:
                answer, limit = self._once(method, path, body)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if last:
                    words = f"{self._base.hostname} cannot be reached: {type(error).__name__}"
                    raise ListServiceFailed(words) from error
                clock.pause(2.0**attempt)
                continue
            if answer.status == _BUSY:
                self._wait_for_limit(limit, last=last)
            elif answer.status < _SERVER_ERROR or last:
                return answer
            else:
                clock.pause(2.0**attempt)
        raise ListServiceBusy(f"{self._base.hostname} is busy.", _DEFAULT_WAIT)

    def _wait_for_limit(self, limit: float | None, *, last: bool) -> None:
        seconds = _DEFAULT_WAIT if limit is None else limit
        if last or seconds > LONGEST_WAIT:
            words = f"{self._base.hostname}: its limit of requests is reached for {seconds:.0f} seconds."
            raise ListServiceBusy(words, seconds)
        log.info("list_service_busy", host=self._base.hostname, seconds=seconds)
        clock.pause(seconds)

    def _once(self, method: str, path: str, body: object) -> tuple[ApiAnswer, float | None]:
        connection = self._connected()
        headers = dict(self._headers)
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        connection.request(method, self._base.path + path, data, headers)
        answer = connection.getresponse()
        raw = answer.read()
        if answer.will_close:
            self.close()
        limits = [found for name in _LIMIT_HEADERS if (found := answer.getheader(name))]
        return ApiAnswer(answer.status, _parsed(raw)), _seconds(limits[0]) if limits else None

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            host, port = self._base.hostname or "", self._base.port
            self._connection = (
                http.client.HTTPSConnection(
                    host, port, timeout=TIMEOUT, context=ssl.create_default_context()
                )
                if self._base.scheme == "https"
                else http.client.HTTPConnection(host, port, timeout=TIMEOUT)
            )
        return self._connection


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None


def _seconds(text: str) -> float | None:
    """Return the seconds in a Retry-After: a number, or a date (RFC 9110, 10.2.3)."""
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (moment.astimezone(UTC) - clock.now()).total_seconds())


class TimeBudget:
    """The time that a run may take; None is unlimited."""

    def __init__(self, seconds: float | None) -> None:
        self._ends = None if seconds is None else time.monotonic() + seconds

    @property
    def over(self) -> bool:
        return self._ends is not None and time.monotonic() >= self._ends


def moment_in(text: object) -> datetime | None:
    """Return the instant that a service writes, or None."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
