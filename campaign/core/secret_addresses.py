"""The one table of addresses that open a page to whoever knows them, and how logs and reports leave them out.

A receipt's address is its only key, so it belongs in no log, no error report and no trace. `web.access_log`,
`web.traces` and `core.observability` use `redact`; nginx shows only plain words and numbers of a path
(deploy/nginx/nginx.conf). tests/campaign/core/test_secret_addresses.py holds this table against the URL map: a new
route with a part that is in neither list below fails it.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

SECRET_PARTS = frozenset({"token", "secret"})
"""The names of parts of an address that are secrets. Use one of them for a new secret."""

OPEN_PARTS = frozenset(
    {
        *("slug", "public_id", "key", "locale", "kind", "what", "name", "filename", "digest"),
        *("colors", "stripe_id", "payout_id", "year", "month", "currency", "program"),
        *("discrepancy_id", "dispute_id"),
    }
)
"""The names of other parts: they open nothing without a session or a token, or the page is public."""

SECRET_PAGES = (
    "donations",
    "receipts",
    "subscriptions",
    "unsubscribe",
    "remind",
    "staff/again",
    "me/link",
    "me/address",
    "staff/sign-in/link",
)
"""What stands before the secret in each such address."""

_SLASH = "(?:/|%2f)"
_NOT_BEFORE = "(?<!/staff)(?<!/api/v1)(?<!%2fstaff)"
"""Pages of the same name that need a session or an API token: `/staff/donations/don_1`."""
_PAGES = "|".join(re.escape(page).replace("/", f"{_SLASH}+") for page in SECRET_PAGES)
_ADDRESS = re.compile(
    rf"{_NOT_BEFORE}({_SLASH}+(?:{_PAGES}){_SLASH}+)[^\s\"'<>\\?#&,;|)\]}}]+", re.IGNORECASE
)
_QUERY = re.compile(
    r"([?&](?:code|state|token|secret|next|email|q)=)[^\s\"'<>\\&#,;|)\]}]+", re.IGNORECASE
)
_ENCODED = re.compile(r"[^\s\"'<>\\,;|)\]}]*%[0-9a-f]{2}[^\s\"'<>\\,;|)\]}]*", re.IGNORECASE)


def redact(text: str) -> str:
    """Return any text with a dash in place of the secret in each of our addresses, also in encoded ones."""
    shown = _QUERY.sub(r"\1-", _ADDRESS.sub(r"\1-", text))
    return _ENCODED.sub(_redact_encoded, shown) if "%" in shown else shown


def _redact_encoded(found: re.Match[str]) -> str:
    """Leave an encoded address as it is, unless it is a secret one: `/%64onations/…`."""
    decoded = unquote(found[0])
    shown = _ADDRESS.sub(r"\1-", decoded)
    return found[0] if shown == decoded else shown


def redact_path(path: str) -> str:
    """Return the path of a request for a log line: no secret, no query, nothing that breaks the line."""
    shown = redact(path.partition("?")[0])
    return "".join(one if one.isprintable() and one != '"' else "?" for one in shown)


_UNWANTED = frozenset({"cookies", "data", "query_string", "env", "headers"})
"""Parts of a reported request: cookies and forms, the reader's address, `Referer` and `Authorization`."""


def redact_report(report: Mapping[str, Any], _hint: object = None) -> dict[str, Any]:
    """Return an error report, a transaction or a breadcrumb of Sentry without what the reader sent and without secrets.

    https://docs.sentry.io/platforms/python/configuration/filtering/
    """
    kept = dict(report)
    asked = kept.get("request")
    if isinstance(asked, Mapping):
        kept["request"] = {name: value for name, value in asked.items() if name not in _UNWANTED}
    shown = _redact_all(kept)
    return dict(shown)


def _redact_all(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {name: _redact_all(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_redact_all(one) for one in value]
    return value
