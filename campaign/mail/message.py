"""A letter as an RFC 5322 message."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from campaign.config import Sender
from campaign.mail.render import Letter

# The default policy folds long headers into encoded words, which breaks addresses in them.
_POLICY = SMTP.clone(max_line_length=998)


def build_message(
    letter: Letter, *, sender: Sender, recipient: str, message_id: str, at: datetime
) -> bytes:
    """The message as sent: multipart with plain text first, marked as generated (RFC 3834)."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = _address(sender.name, sender.address)
    message["To"] = _address("", recipient)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return message.as_bytes()


def _address(name: str, address: str) -> Address:
    user, _, domain = address.rpartition("@")
    return Address(display_name=name, username=user, domain=domain)
