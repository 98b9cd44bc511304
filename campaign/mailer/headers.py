"""Headers beyond those that every message has: what lets a reader leave, and what mail providers ask of bulk mail."""

import re
from collections.abc import Sequence

from campaign.core.settings import FromAddress
from campaign.mailer.addresses import phrase

LIST = "appeals"
QUIET = {"X-Auto-Response-Suppress": "OOF, AutoReply"}
"""Away notices in answer to a machine help nobody:
https://learn.microsoft.com/openspecs/exchange_server_protocols/ms-oxcmail"""
_SENDER_ID = range(5, 16)
"""How long the last field of a Feedback-ID may be: https://support.google.com/mail/answer/6254652"""


def bulk_headers(
    sender: FromAddress, list_name: str, unsubscribe_url: str, about: Sequence[str]
) -> dict[str, str]:
    """For appeals and reminders: one click leaves (RFC 8058), and programs know what it is (RFC 2919, Feedback-ID).

    `about` are up to three words, from the campaign to the kind of letter; none may tell of the reader.
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
    """`Name <appeals.domain>`, on one line."""
    named = re.sub(r"\r\n\s+", " ", phrase(list_name))
    return f"{named} <{LIST}.{sender.domain}>".strip()


def feedback_id(sender: FromAddress, about: Sequence[str]) -> str:
    """`campaign:step:kind:sender`; the last is always the same for an installation."""
    fields = [re.sub(r"[^A-Za-z0-9._-]", "-", word) or "-" for word in about]
    return ":".join([*fields, _sender_id(sender.domain)])


def _sender_id(domain: str) -> str:
    """Five to fifteen characters that stay the same: the domain, without what is common to many."""
    name = re.sub(r"[^a-z0-9]", "", domain.lower().rpartition(".")[0] or domain.lower())
    return name[: _SENDER_ID.stop - 1].ljust(_SENDER_ID.start, "0")
