"""Read fields of a provider's event. A missing or odd field is '' or a fault, never a crash."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from campaign.core.csv_lists import read_address
from campaign.core.errors import WebhookRefused
from campaign.core.outside_text import read_whole
from campaign.mailer.provider_events import MailEvent
from campaign.mailer.refusal_meaning import RefusalAbout, RefusalCause, judge_refusal

LONGEST_TEXT = 2000
MESSAGE_KEY = "campaign_token"
"""The name under which our token travels in a provider's tags, metadata or custom arguments."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,64}")
_ENVELOPE_TOKEN = re.compile(r"\+([A-Za-z0-9_-]{8,64})@")
_SKEW = timedelta(minutes=5)
_LAST_STAMP = 10**11
"""Seconds since 1970 that are in the year 5138; `moment_of` takes what is beyond as now."""
"""How far a provider's clock may be ahead of ours."""
_CODE = re.compile(r"[245]\d\d")


def an_object(value: Any, name: str) -> Mapping[str, Any]:
    """Return a JSON object; raise ValueError that names it if it is something else."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} is not an object")  # noqa: TRY004 - all faults of an event are reported alike
    return value


def part_of(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the object called `name` in `given`; an empty one if there is none."""
    value = given.get(name)
    return value if isinstance(value, Mapping) else {}


def rows_of(given: Mapping[str, Any], name: str) -> list[Any]:
    """Return the list called `name` in `given`; an empty one if there is none."""
    value = given.get(name)
    return value if isinstance(value, list) else []


def text_of(given: Mapping[str, Any], name: str) -> str:
    """Return a field as text on one line that PostgreSQL can store; '' if it is missing or no text or number."""
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = str(value).replace("\0", " ").encode("utf-8", "replace").decode()
    return " ".join(text.split())[:LONGEST_TEXT]


def kind_of(given: Mapping[str, Any], *names: str) -> str:
    """Return the event's kind, from the first of the fields `names` that has one; raise ValueError if none has."""
    for name in names:
        if kind := text_of(given, name):
            return kind
    raise ValueError(f"it has no {' or '.join(names)}")


def address_of(given: Mapping[str, Any], *names: str) -> str:
    """Return the recipient's address, '' if it is missing; raise ValueError if it is none."""
    for name in names:
        if text := text_of(given, name):
            return read_address(text)
    return ""


def token_of(given: Mapping[str, Any], *names: str) -> str:
    """Return our token from tags or metadata, ignoring the case of names; '' if it is not there."""
    wanted = {MESSAGE_KEY, MESSAGE_KEY.replace("_", "-"), *names}
    for name, value in given.items():
        if str(name).lower() in wanted:
            found = value[0] if isinstance(value, list) and value else value
            if isinstance(found, str) and _TOKEN.fullmatch(found):
                return found
    return ""


def envelope_token(address: str) -> str:
    """Return the token in an envelope sender `bounces+MESSAGE_KEY@…`; '' if there is none."""
    found = _ENVELOPE_TOKEN.search(address)
    return found[1] if found else ""


def moment_of(value: Any, at: datetime) -> datetime:
    """Return a time in RFC 3339 or in seconds or milliseconds since 1970; `at` if it is missing or unreadable."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = value / 1000 if value > 10_000_000_000 else value
            return datetime.fromtimestamp(seconds, UTC)
        if isinstance(value, str) and re.fullmatch(r"\d{9,10}(\.\d+)?", value):
            return datetime.fromtimestamp(float(value), UTC)
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError, OverflowError, OSError):
        return at
    return moment if moment.tzinfo else at


def require_recent(stamp: str, at: datetime, oldest: timedelta) -> None:
    """Raise WebhookRefused unless the signed `stamp`, in seconds since 1970, is at most `oldest` before `at`."""
    seconds = read_whole(stamp, _LAST_STAMP)
    if seconds is None or not -oldest <= moment_of(seconds, at) - at <= _SKEW:
        raise WebhookRefused("The signature's timestamp is too old or in the future.")


def is_permanent(
    *words: str, code: str = "", status: str = "", hard: bool, in_doubt: bool = True
) -> bool:
    """Return whether a bounce says that the address will never accept mail.

    `hard` is the provider's own verdict. What the server said can only soften it: a refusal about us (policy,
    blocklist, rate) or a passing one is not about the address, however the provider files it. `in_doubt` applies if
    what the server said does not decide it: False if the provider calls every final failure hard.
    """
    if not hard:
        return False
    number = int(code) if _CODE.fullmatch(code) else None
    meaning = judge_refusal(" ".join(filter(None, words)), code=number, status=status)
    if meaning.cause is RefusalCause.unknown:
        return in_doubt
    return meaning.about is RefusalAbout.address


class Named(NamedTuple):
    """What an event says about the message and its recipient; '' for what it does not say."""

    email: str = ""
    token: str = ""
    message_id: str = ""


def event(
    kind: str, named: Named, at: datetime, *, permanent: bool = True, words: tuple[str, ...] = ()
) -> MailEvent:
    """Return the event; raise ValueError if it identifies neither a message nor a recipient."""
    if not any(named):
        raise ValueError("it names neither a message of ours nor a recipient")
    detail = " ".join(filter(None, words))[:LONGEST_TEXT]
    return MailEvent(kind, permanent, named.email, named.message_id, named.token, at, detail)
