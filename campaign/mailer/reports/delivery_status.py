"""Read the fields of delivery reports (RFC 3464, RFC 6533), also as servers write them that do not keep to it."""

import re
from email.message import Message

from campaign.mailer.refusal_meaning import (
    RefusalAbout,
    RefusalCause,
    is_understood,
    judge_refusal,
)
from campaign.mailer.reports.dialects import without_boilerplate
from campaign.mailer.reports.findings import BounceFinding, ReportVerdict, verdict_of_refusal
from campaign.mailer.reports.replies import command_in, replies_in

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_GENERIC = ("5.0.0", "5.5.0")
"""Statuses that say no more than the words: Exim writes 5.0.0, Outlook.com 5.5.0."""
_FAILED = {"failed", "failure", "error", "undeliverable"}
"""`failed`, and what OpenSMTPD and older servers write for it."""
_PASSING = {"delayed", "expired", "deferred"}
"""`delayed`, and what SendGrid writes when it gives up after a while."""
_ADDRESS = re.compile(r"[\w.+=-]{1,64}@[\w.-]{1,255}\w")
_TYPED = re.compile(r"^[\w-]{1,30}\s?;|(?<!\d)[45]\d\d(?!\d)")
"""A diagnostic that is what it says: with its type, or a reply code."""
_SHORT = 300
"""Characters of a text for people that is no boilerplate."""


def field_of(fields: Message, name: str) -> str:
    """Return a field on one line, or ''. Japanese servers write ISO-2022-JP without saying so."""
    value = " ".join(str(fields.get(name, "")).split())
    if "\x1b$" in value and value.isascii():
        value = value.encode("ascii").decode("iso-2022-jp", "replace")
    return value


def is_recipient(group: Message) -> bool:
    """Return whether the group of fields is about a recipient."""
    return bool(group.get("Action") or group.get("Status") or group.get("Diagnostic-Code"))


def verdict_of_group(group: Message, told: str = "", *, alone: bool = True) -> ReportVerdict:
    """Return what the fields about one recipient say.

    `told` is what the report says to people: it is read where the fields say nothing, and for the command that was
    refused. `alone` is whether the report is about one recipient.
    """
    action = _action(group)
    diagnostic, written = field_of(group, "Diagnostic-Code"), field_of(group, "Status")
    status = _status(written, diagnostic)
    detail = " ".join(each for each in (status, diagnostic or action) if each)
    if action in _PASSING:
        return ReportVerdict(BounceFinding.soft, detail)
    if action not in _FAILED and not (not action and status[:1] in ("4", "5")):
        return ReportVerdict(BounceFinding.nothing, detail)
    if _contradicts(told):
        return ReportVerdict(BounceFinding.soft, detail)
    about = told if alone else _about(group, told)
    command = _command(group, status, about, alone=alone)
    return verdict_of_refusal(_said(group, about), detail, status=status, command=command)


def _action(group: Message) -> str:
    words = field_of(group, "Action").split()
    return words[0].lower().strip(";,.") if words else ""


def _about(group: Message, told: str) -> str:
    """Return what `told` says about this recipient, if it names them, or else all of it."""
    address = field_of(group, "Final-Recipient").rpartition(";")[2].strip(" <>").lower()
    for parting in (r"\n[ \t]*\n", r"\n"):
        named = [each for each in re.split(parting, told) if address and address in each.lower()]
        replies = [each for each in named if replies_in(each)]
        if replies and not (parting != r"\n" and _names_others(replies, address)):
            return "\n\n".join(replies)
    return told


def _names_others(paragraphs: list[str], address: str) -> bool:
    return any(found.lower() != address for each in paragraphs for found in _ADDRESS.findall(each))


def _said(group: Message, told: str) -> str:
    """Return the first words that mean something: those of the server, of the status, of the report."""
    diagnostic, comment = (
        field_of(group, "Diagnostic-Code"),
        field_of(group, "Status").partition("(")[2],
    )
    doubtful = not _TYPED.search(diagnostic) and (
        judge_refusal(diagnostic).about is RefusalAbout.address
    )
    typed = "" if doubtful else diagnostic
    answers = [each.words for each in replies_in(told)]
    for words in (typed, comment, *answers):
        if words and is_understood(words):
            return words
    return typed or without_boilerplate(told)


def _command(group: Message, status: str, told: str, *, alone: bool) -> str:
    """Return the command that was refused.

    Filters refuse mail to readers they have in the words for an unknown user. So an unknown user is believed if the
    server refused RCPT, if its status is about the address (5.1), or if the fields are complete: a status, the server,
    and its reply. All else is treated like a refusal of DATA.
    """
    command = command_in(told)
    if command or status.startswith("5.1."):
        return command
    own = field_of(group, "Diagnostic-Code").lower().startswith("x-notes;")
    if own or field_of(group, "X-PowerMTA-BounceCategory").lower() == "bad-mailbox":
        return "RCPT"  # Domino looked into its own directory; PowerMTA judged by the command
    complete = bool(group.get("Remote-MTA") and group.get("Status")) or status == "5.5.0"
    return "" if alone and complete and status in _GENERIC else "DATA"


def _contradicts(told: str) -> bool:
    """Return whether a short text for people says that the mailbox is full or locked, whatever the fields say."""
    prose = "\n".join(line for line in told.splitlines() if not replies_in(line))
    if len(prose) > _SHORT:
        return False
    return judge_refusal(prose).cause in (RefusalCause.full, RefusalCause.disabled)


def _status(status: str, diagnostic: str) -> str:
    """Return the status code. If it is generic (5.0.0, as Exim writes), prefer the one in the diagnostic text."""
    found, closer = _STATUS.search(status), _STATUS.search(diagnostic)
    if closer and (found is None or (found[1] == closer[1] and found[0].endswith(".0.0"))):
        return closer[0]
    return found[0] if found else ""
