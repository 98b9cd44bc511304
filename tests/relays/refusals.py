"""Each refusal that one of the servers can make, and what has to come of it."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What happens to an email to five readers and a receipt. Nobody is ever suppressed."""

    stopped = "stopped after three readers, one try at a time"
    stopped_at_once = "stopped at once, one try at a time"
    later = "each tried again later"
    sent = "sent"


@dataclass(frozen=True)
class ServerRefusal:
    """A refusal by name, the cause that is recorded, and the outcome."""

    server: str
    name: str
    cause: str
    outcome: Outcome


_STOPPED, _AT_ONCE, _LATER = Outcome.stopped, Outcome.stopped_at_once, Outcome.later

REFUSALS = [
    ServerRefusal("postfix", "relay", "relay", _STOPPED),
    ServerRefusal("postfix", "sign-in", "blocklist", _STOPPED),
    ServerRefusal("postfix", "encryption", "tls", _STOPPED),
    ServerRefusal("postfix", "sender", "sender", _STOPPED),
    ServerRefusal("postfix", "everybody unknown", "no_mailbox", _STOPPED),
    ServerRefusal("postfix", "blocklist", "blocklist", _STOPPED),
    ServerRefusal("postfix", "policy", "policy", _STOPPED),
    ServerRefusal("postfix", "content", "content", _STOPPED),
    ServerRefusal("postfix", "greylist", "", _LATER),
    ServerRefusal("postfix", "rate", "rate", _STOPPED),
    ServerRefusal("postfix", "connections", "", _LATER),
    ServerRefusal("postfix", "disk full", "", _LATER),
    ServerRefusal("postfix", "map broken", "", _LATER),
    ServerRefusal("exim", "relay", "relay", _STOPPED),
    ServerRefusal("exim", "sign-in", "authentication", _STOPPED),
    ServerRefusal("exim", "sender", "sender", _STOPPED),
    ServerRefusal("exim", "everybody unknown", "no_mailbox", _STOPPED),
    ServerRefusal("exim", "blocklist", "blocklist", _STOPPED),
    ServerRefusal("exim", "policy", "policy", _STOPPED),
    ServerRefusal("exim", "content", "content", _STOPPED),
    ServerRefusal("exim", "greylist", "", _LATER),
    ServerRefusal("exim", "rate", "rate", _STOPPED),
    ServerRefusal("exim", "day limit", "daily_limit", _STOPPED),
    ServerRefusal("exim", "one message a connection", "", Outcome.sent),
    ServerRefusal("opensmtpd", "relay", "no_mailbox", _STOPPED),
    ServerRefusal("opensmtpd", "sign-in", "authentication", _STOPPED),
    ServerRefusal("opensmtpd", "encryption", "tls", _STOPPED),
    ServerRefusal("opensmtpd", "sender", "sender", _STOPPED),
    ServerRefusal("opensmtpd", "everybody unknown", "no_mailbox", _STOPPED),
    ServerRefusal("opensmtpd", "blocklist", "blocklist", _AT_ONCE),
    ServerRefusal("opensmtpd", "content", "content", _STOPPED),
    ServerRefusal("opensmtpd", "greylist", "", _LATER),
    ServerRefusal("opensmtpd", "rate", "rate", _STOPPED),
]
