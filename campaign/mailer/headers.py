"""Additional headers: for unsubscribing, and what mail providers require of bulk email."""

import re
from collections.abc import Sequence

from campaign.core.settings import FromAddress
from campaign.mailer.addresses import phrase

LIST = "appeals"
QUIET = {"X-Auto-Response-Suppress": "OOF, AutoReply"}
"""Suppress out-of-office replies to automatic emails:
https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcmail"""
_SENDER_ID = range(5, 16)
"""Allowed lengths of the last field of a Feedback-ID: https://support.google.com/mail/answer/6254652"""


def bulk_headers(
    sender: FromAddress, list_name: str, unsubscribe_url: str, about: Sequence[str]
) -> dict[str, str]:
    """Return the headers of a campaign email: one-click unsubscribe (RFC 8058), List-Id (RFC 2919) and Feedback-ID.

    `about` holds up to three words, from the campaign to the kind of email. None of them may identify the recipient.
    """
    return {
        "List-Unsubscribe": f"<{unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": list_id(sender, list_name),
        "Feedback-ID": feedback_id(sender, about),
        "Precedence": "bulk",
        **QUIET,
    }


def list_id(sender: FromAddress, list_name: str) -> str:
    """Return `Name <appeals.domain>`, on one line."""
    named = re.sub(r"\r\n\s+", " ", phrase(list_name))
    return f"{named} <{LIST}.{sender.domain}>".strip()


def feedback_id(sender: FromAddress, about: Sequence[str]) -> str:
    """Return `campaign:step:kind:sender`; the last field never changes within an installation."""
    fields = [re.sub(r"[^A-Za-z0-9._-]", "-", word) or "-" for word in about]
    return ":".join([*fields, _sender_id(sender.domain)])


def _sender_id(domain: str) -> str:
    """Return five to fifteen stable characters: the domain without its top-level part and punctuation."""
    name = re.sub(r"[^a-z0-9]", "", domain.lower().rpartition(".")[0] or domain.lower())
    return name[: _SENDER_ID.stop - 1].ljust(_SENDER_ID.start, "0")
