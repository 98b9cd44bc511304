"""Read environment variables one by one, collect every error, and report all of them at once.

Only `campaign.core.settings` and the modules that it loads use it. Every variable may come from a file that `NAME_FILE`
names (container secrets).
Written here because environs and pydantic-settings do not report an unreadable or duplicate `NAME_FILE` with the other
errors, and add about 75 and 200 ms of CPU time to the start of every command.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from urllib.parse import SplitResult

from campaign.core.errors import ConfigurationError
from campaign.core.outside_text import NO_URL, read_decimal, read_url


class Variables:
    """Reads variables one by one and collects what is wrong with each."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.faults: list[str] = []

    def fault(self, name: str, why: str) -> None:
        self.faults.append(f"{name}: {why}")

    def optional(self, name: str) -> str | None:
        path = self.environ.get(f"{name}_FILE")
        if path and self.environ.get(name):
            self.fault(name, f"set twice, as {name} and as {name}_FILE; keep one")
            return None
        if not path:
            return self.environ.get(name, "").strip() or None
        try:
            return Path(path).read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError) as error:
            self.fault(f"{name}_FILE", f"cannot be read: {error}")
            return None

    def required(self, name: str, meaning: str) -> str:
        before = len(self.faults)
        value = self.optional(name)
        if value is None and len(self.faults) == before:
            self.fault(name, f"is missing; set it to {meaning}")
        return value or ""

    def address(self, name: str, url: str, schemes: set[str]) -> SplitResult:
        """Split the URL `url`; record a fault if it is invalid or has none of the `schemes`."""
        parts = read_url(url)
        if parts is None:
            self.fault(name, "is not a valid URL: check its brackets and its port")
            return NO_URL
        if url and (parts.scheme not in schemes or parts.port == 0):
            wanted = " or ".join(f"{scheme}://" for scheme in sorted(schemes))
            self.fault(name, f"must begin with {wanted}")
        return parts

    def number(self, name: str, default: str, largest: Decimal) -> Decimal:
        """Return a number of at least 0 and less than `largest`."""
        value = self.optional(name) or default
        number = read_decimal(value)
        if number is None or not 0 <= number < largest:
            self.fault(name, f"{value!r} is not a number of at least 0 and less than {largest}")
            return Decimal(default)
        return number

    def count(self, name: str, default: str) -> int:
        """Return a whole number of at most six digits."""
        value = self.optional(name) or default
        if not re.fullmatch(r"[0-9]{1,6}", value):
            self.fault(name, f"{value!r} is not a whole number")
            return int(default)
        return int(value)

    def mailbox(self, name: str) -> str:
        """Return an email address without a display name, such as name@example.org; '' if not set."""
        value = self.optional(name) or ""
        if value and not re.fullmatch(r"[^@\s<>+,]+@[^@\s<>,]+", value):
            self.fault(name, f"{value!r} is not a plain email address such as bounces@example.org")
        return value

    def raise_faults(self) -> None:
        """Raise one ConfigurationError that lists every fault, if there is any."""
        if self.faults:
            listed = "\n".join(f"  {fault}" for fault in self.faults)
            raise ConfigurationError(f"Some settings are missing or invalid:\n{listed}")
