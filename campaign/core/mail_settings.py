"""How mail goes out and what comes back, as the environment decides it. Read by `campaign.core.settings` only."""

from dataclasses import dataclass, field
from decimal import Decimal

from campaign.core.env_reader import Variables


@dataclass(frozen=True)
class MailSettings:
    """Everything about mail beyond the server and the sender.

    `rate` is mails a second over all connections, 0 for as fast as the server takes them; `connections` is how many
    are open at once. `bounces` is the mailbox that bounces return to, as `bounces+TOKEN@…`; where it is empty, to the
    sender. `events_secret` is what a provider shows when it reports bounces. `alerts_to` gets the alerts for staff.
    """

    rate: Decimal = Decimal(0)
    connections: int = 4
    bounces: str = ""
    events_secret: str = field(default="", repr=False)
    alerts_to: str = ""


def read_mail(reader: Variables, sender_address: str) -> MailSettings:
    """The settings; faults are remembered by `reader`. Alerts go to the sender where nobody else is named."""
    connections = reader.count("MAIL_CONNECTIONS", "4")
    if connections < 1:
        reader.fault("MAIL_CONNECTIONS", "must be at least 1")
    secret = reader.optional("MAIL_EVENTS_SECRET") or ""
    if secret and len(secret) < 32:
        reader.fault("MAIL_EVENTS_SECRET", f"has {len(secret)} characters; it needs at least 32")
    return MailSettings(
        rate=reader.number("MAIL_RATE", "0", Decimal(100_000)),
        connections=connections,
        bounces=reader.mailbox("MAIL_BOUNCES"),
        events_secret=secret,
        alerts_to=reader.mailbox("ALERTS_TO") or sender_address,
    )
