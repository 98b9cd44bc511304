"""Which of our emails a report is about: by the token in its envelope address, or by its Message-ID.

Both are values that cannot be guessed. They are looked for where mail systems put them: in the address that the report
was sent to, in the headers of the returned email, attached or quoted, and in the headers of an answer.
"""

import re
from collections.abc import Iterable, Iterator
from email.message import Message
from email.utils import getaddresses

from campaign.mailer.reports.delivery_status import field_of
from campaign.mailer.reports.parts import ReportParts

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,300}@[^<>\s]{1,300}>")
_QUOTED_ID = re.compile(
    r"^[>|\s]{0,20}(?:original-|x-original-)?message-id[ \t]{0,5}:\s{0,80}(<[^<>\s]{1,300}@[^<>\s]{1,300}>)",
    re.IGNORECASE | re.MULTILINE,
)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,64}")
_DELIVERED_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
_RETURN_PATHS = ("Return-Path", "Original-Mail-From", "X-Original-Return-Path", "Errors-To")
_ANSWERS = ("In-Reply-To", "References", "X-Original-Message-ID", "Original-Message-ID")
_MOST = 20


def names_in(
    mail: Message, parts: ReportParts, bounces: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the tokens and the Message-IDs that the report names, the most reliable first."""
    fields = [*parts.returned, *parts.feedback, *parts.statuses]
    addresses = [str(each) for name in _DELIVERED_TO for each in mail.get_all(name, [])]
    addresses += [field_of(each, name) for each in fields for name in _RETURN_PATHS]
    tokens = [*_tokens(addresses, bounces), *_quoted_tokens(parts, bounces)]
    found = _message_ids(mail, parts, fields)
    return tuple(dict.fromkeys(tokens))[:_MOST], tuple(dict.fromkeys(found))[:_MOST]


def _message_ids(mail: Message, parts: ReportParts, fields: Iterable[Message]) -> list[str]:
    ids = [field_of(each, "Message-ID") for each in parts.returned]
    ids += [field_of(each, name) for each in (mail, *fields) for name in _ANSWERS]
    found = [one for each in ids for one in _MESSAGE_ID.findall(each)]
    return found + [
        one for text in (*parts.texts, *parts.html) for one in _QUOTED_ID.findall(text)[:1]
    ]


def _tokens(addresses: Iterable[str], bounces: str) -> Iterator[str]:
    user, _, domain = bounces.lower().rpartition("@")
    if not user:
        return
    # One at a time: getaddresses rejects all of them if one is malformed.
    for _name, address in (found for each in addresses for found in getaddresses([each])):
        local, _, host = address.rpartition("@")
        start, token = local[: len(user) + 1], local[len(user) + 1 :]
        if start.lower() == f"{user}+" and host.lower() == domain and _TOKEN.fullmatch(token):
            yield token


def _quoted_tokens(parts: ReportParts, bounces: str) -> Iterator[str]:
    """Yield the tokens of our envelope addresses in what is quoted: Exim and others show `envelope-from <…>`."""
    user, _, domain = bounces.rpartition("@")
    if not user:
        return
    ours = re.compile(
        rf"(?<![\w.+-]){re.escape(user)}\+([A-Za-z0-9_-]{{8,64}})@{re.escape(domain)}(?![\w-]|\.\w)",
        re.IGNORECASE,
    )
    received = [str(each) for one in parts.returned for each in one.get_all("Received", [])[:10]]
    for text in (*parts.texts, *received):
        yield from ours.findall(text)[:1]
