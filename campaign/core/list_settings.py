"""Settings of the list services that subscribers are synced to: Mailchimp, Brevo, listmonk."""

import re
from dataclasses import dataclass, field

from campaign.core.env_reader import Variables

MAILCHIMP_KEY = re.compile(r"[0-9A-Za-z]{20,64}-(?P<center>[a-z]{2}\d{1,4})")
"""An API key ends with the data center that its account is in: https://mailchimp.com/developer/marketing/docs/fundamentals/"""


@dataclass(frozen=True)
class ListService:
    """One account: the base URL of its API, its credentials, and the list or audience that subscribers go to."""

    url: str
    key: str = field(repr=False)
    list_id: str
    user: str = ""


@dataclass(frozen=True)
class ListSettings:
    """The services to sync with; None for each that is not set up."""

    mailchimp: ListService | None = None
    brevo: ListService | None = None
    listmonk: ListService | None = None


def read_lists(reader: Variables) -> ListSettings:
    """Read the settings of the list services; `reader` collects faults."""
    return ListSettings(_mailchimp(reader), _brevo(reader), _listmonk(reader))


def _mailchimp(reader: Variables) -> ListService | None:
    given = _all_or_none(reader, "MAILCHIMP_API_KEY", "MAILCHIMP_AUDIENCE")
    base = _base(reader, "MAILCHIMP_API_BASE")
    if given is None:
        return None
    key, audience = given
    found = MAILCHIMP_KEY.fullmatch(key)
    if not found:
        reader.fault("MAILCHIMP_API_KEY", "must end with its data center, such as -us21")
    if not re.fullmatch(r"[0-9A-Za-z]{1,32}", audience):
        reader.fault("MAILCHIMP_AUDIENCE", "must be the audience's ID, such as 0a1b2c3d4e")
    center = found["center"] if found else "us1"
    return ListService(base or f"https://{center}.api.mailchimp.com/3.0", key, audience)


def _brevo(reader: Variables) -> ListService | None:
    given = _all_or_none(reader, "BREVO_API_KEY", "BREVO_LIST")
    base = _base(reader, "BREVO_API_BASE")
    if given is None:
        return None
    key, list_id = given
    _number(reader, "BREVO_LIST", list_id)
    return ListService(base or "https://api.brevo.com/v3", key, list_id)


def _listmonk(reader: Variables) -> ListService | None:
    names = ("LISTMONK_URL", "LISTMONK_USER", "LISTMONK_TOKEN", "LISTMONK_LIST")
    given = _all_or_none(reader, *names)
    if given is None:
        return None
    _, user, token, list_id = given
    _number(reader, "LISTMONK_LIST", list_id)
    return ListService(_base(reader, "LISTMONK_URL"), token, list_id, user)


def _all_or_none(reader: Variables, *names: str) -> tuple[str, ...] | None:
    given = tuple(reader.optional(name) or "" for name in names)
    if not any(given):
        return None
    for name, value in zip(names, given, strict=True):
        if not value:
            reader.fault(name, f"is missing; set all of {', '.join(names)}, or none")
    return given


def _base(reader: Variables, name: str) -> str:
    url = (reader.optional(name) or "").rstrip("/")
    reader.address(name, url, {"http", "https"})
    return url


def _number(reader: Variables, name: str, value: str) -> None:
    if value and not re.fullmatch(r"[1-9]\d{0,8}", value):
        reader.fault(name, f"{value!r} is not the number of a list")
