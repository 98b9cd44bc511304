"""Why mail is refused, and whom each cause is about."""

from enum import StrEnum
from types import MappingProxyType


class RefusalAbout(StrEnum):
    """Whom a refusal is about: us and our server, a state that passes, or the address itself."""

    us = "us"
    passing = "passing"
    address = "address"


class RefusalCause(StrEnum):
    """Why a message was refused.

    `authentication` is signing in at the server (SMTP AUTH); `domain_authentication` is SPF, DKIM, DMARC and reverse
    DNS. `rate` is the pace of our sending, `busy` the state of their server or mailbox.
    """

    relay = "relay"
    authentication = "authentication"
    domain_authentication = "domain_authentication"
    sender = "sender"
    policy = "policy"
    blocklist = "blocklist"
    content = "content"
    rate = "rate"
    daily_limit = "daily_limit"
    size = "size"
    tls = "tls"
    protocol = "protocol"
    full = "full"
    busy = "busy"
    expired = "expired"
    network = "network"
    disabled = "disabled"
    unknown = "unknown"
    no_mailbox = "no_mailbox"
    no_domain = "no_domain"
    null_mx = "null_mx"
    moved = "moved"


_ABOUT_ADDRESS = (
    RefusalCause.no_mailbox,
    RefusalCause.no_domain,
    RefusalCause.null_mx,
    RefusalCause.moved,
)
_PASSING = (
    RefusalCause.full,
    RefusalCause.busy,
    RefusalCause.expired,
    RefusalCause.network,
    RefusalCause.disabled,  # locked, unpaid, inactive or suspended: many come back
    RefusalCause.unknown,
)
ABOUT = MappingProxyType(
    dict.fromkeys(RefusalCause, RefusalAbout.us)
    | dict.fromkeys(_PASSING, RefusalAbout.passing)
    | dict.fromkeys(_ABOUT_ADDRESS, RefusalAbout.address)
)
"""Whom each cause is about. What is unknown is never about the address."""
