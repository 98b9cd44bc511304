"""Read text that comes from outside: None instead of an exception for anything that is not what it should be.

A test (tests/house/test_outside_text.py) says that nothing else calls the parsers that raise on odd text, such as
`urlsplit("http://[::1/")`, `int("9" * 5000)` or `"a..b".encode("idna")`.
"""

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

NO_URL = SplitResult("", "", "", "", "")
_MOST_DIGITS = 18
_LONGEST_NUMBER = 64


def read_url(text: object) -> SplitResult | None:
    """Split a URL (RFC 3986); None if its brackets, its port or its host cannot be read."""
    if not isinstance(text, str):
        return None
    try:
        parts = urlsplit(text)
        # Both are read on demand, and raise then.
        _ = parts.port, parts.hostname
    except ValueError:
        return None
    return parts


def read_our_url(text: str) -> SplitResult:
    """Split a URL that the settings have checked, such as SITE_URL."""
    return read_url(text) or NO_URL


def read_ip(text: object) -> IPv4Address | IPv6Address | None:
    """Read an IP address in its usual spelling; None for names and for other spellings, such as `0x7f.1`."""
    try:
        return ip_address(text) if isinstance(text, str) else None
    except ValueError:
        return None


def read_host(text: str) -> str | None:
    """Return a host name as DNS and certificates spell it (IDNA), in lower case; None if it cannot be one."""
    try:
        return text.encode("idna").decode("ascii").lower().rstrip(".") or None
    except UnicodeError:
        return None


def read_whole(text: object, most: int = 10**_MOST_DIGITS) -> int | None:
    """Read a whole number from 0 to `most`, written in ASCII digits."""
    if not isinstance(text, str) or not text.isascii() or not text.isdigit():
        return None
    if len(text) > _MOST_DIGITS:
        return None
    number = int(text)
    return number if number <= most else None


def read_decimal(text: object) -> Decimal | None:
    """Read a finite decimal number; None for NaN, infinity and anything too long to be meant."""
    if not isinstance(text, str) or len(text) > _LONGEST_NUMBER:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def read_http_date(text: object) -> datetime | None:
    """Read the date of an HTTP header (RFC 9110, 5.6.7), in UTC."""
    try:
        return parsedate_to_datetime(text).astimezone(UTC) if isinstance(text, str) else None
    except (ValueError, TypeError, OverflowError):
        return None


def read_day(text: object) -> date | None:
    """Read a day as browsers send it, `2026-12-31`."""
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
