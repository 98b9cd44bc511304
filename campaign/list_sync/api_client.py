"""Ask the API of a list service: JSON over HTTP, one connection, limits respected. Redirects are not followed.

Where requests may go: `campaign.core.outgoing`. What a service says is in no error: it repeats people's addresses.
"""

import json
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from structlog import get_logger

from campaign.core import clock
from campaign.core.errors import CampaignError
from campaign.core.outgoing.connection import (
    OutgoingConnection,
    OutgoingFailed,
    OutgoingRefused,
    OutgoingRules,
)
from campaign.core.outside_text import read_decimal, read_http_date, read_our_url

TIMEOUT = 30.0
"""Seconds for one whole request."""
LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes; a page of a thousand members with their attributes is far smaller."""
LONGEST_WAIT = 60.0
"""Seconds that one request waits for a limit; if it takes longer, the run ends and the next one goes on."""
_RETRIES = 3
_BUSY, _SERVER_ERROR = 429, 500
_DEFAULT_WAIT = 10.0
_LONGEST_LIMIT = Decimal(7 * 24 * 3600)
"""Seconds; a service that asks for more is asked again after a week."""
_LIMIT_HEADERS = ("retry-after", "x-sib-ratelimit-reset")
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
        """How the service refused. Not what it says: that names people, and these words are logged and stored."""
        return f"status {self.status}"


def basic(user: str, password: str) -> dict[str, str]:
    """Return the header of HTTP basic authentication."""
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


class ApiClient:
    """A context manager for requests to one API below `base_url`."""

    def __init__(self, base_url: str, headers: Mapping[str, str], rules: OutgoingRules) -> None:
        self._base = read_our_url(base_url)
        self._headers = {
            "Accept": "application/json",
            "User-Agent": "campaign-list-sync/1",
            **headers,
        }
        self._connection = OutgoingConnection(self._base, rules)

    def close(self) -> None:
        self._connection.close()

    def get(self, path: str, **query: object) -> ApiAnswer:
        """GET `path`; raise ListServiceFailed unless the answer is good. A query value of None is left out."""
        given = {name: value for name, value in query.items() if value is not None}
        return self.expect("GET", f"{path}?{urlencode(given)}" if given else path)

    def expect(self, method: str, path: str, body: object = None, *allowed: int) -> ApiAnswer:
        """Send a request; raise ListServiceFailed unless the answer is good or has an `allowed` status."""
        answer = self.send(method, path, body)
        if answer.good or answer.status in allowed:
            return answer
        # Only the first part of the path: the rest may be an address.
        where = "/".join(path.partition("?")[0].split("/")[:2])
        raise ListServiceFailed(f"{method} {self._base.hostname}{where}: {answer.words}")

    def send(self, method: str, path: str, body: object = None) -> ApiAnswer:
        """Send a request, again if the service is busy or fails. Every request here may be repeated.

        Raise ListServiceBusy for a limit that lasts, ListServiceFailed if the service cannot be reached.
        """
        for attempt in range(_RETRIES):
            last = attempt == _RETRIES - 1
            try:
                answer, limit = self._once(method, path, body)
            except OutgoingFailed as error:
                if last or isinstance(error, OutgoingRefused):
                    words = f"{self._base.hostname} cannot be reached: {error}"
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
        headers = dict(self._headers)
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        answer = self._connection.request(
            method, self._base.path + path, data, headers, seconds=TIMEOUT, most=LARGEST_ANSWER
        )
        limits = [found for name in _LIMIT_HEADERS if (found := answer.headers.get(name))]
        limit = _seconds(limits[0]) if limits else None
        return ApiAnswer(answer.status, _parsed(answer.body)), limit


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None


def _seconds(text: str) -> float | None:
    """Return the seconds in a Retry-After: a number, or a date (RFC 9110, 10.2.3)."""
    number = read_decimal(text)
    if number is not None:
        return float(min(max(number, Decimal(0)), _LONGEST_LIMIT))
    moment = read_http_date(text)
    return max(0.0, (moment - clock.now()).total_seconds()) if moment else None


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
