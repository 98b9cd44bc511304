"""Read the fields of delivery reports (RFC 3464, RFC 6533), also as servers write them that do not keep to it."""

import re
from email.message import Message

from campaign.mailer.refusal_meaning import RefusalCause, judge_refusal
from campaign.mailer.reports.findings import BounceFinding, Verdict, verdict_of_refusal

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_FAILED = {"failed", "failure", "error", "undeliverable"}
"""`failed`, and what OpenSMTPD and older servers write for it."""
_PASSING = {"delayed", "expired", "deferred"}
"""`delayed`, and what SendGrid writes when it gives up after a while."""


def field_of(fields: Message, name: str) -> str:
    """Return a field on one line, or ''."""
    return " ".join(str(fields.get(name, "")).split())


def is_recipient(group: Message) -> bool:
    """Return whether the group of fields is about a recipient."""
    return bool(group.get("Action") or group.get("Status") or group.get("Diagnostic-Code"))


def verdict_of_group(group: Message, told: str = "", command: str = "") -> Verdict:
    """Return what the fields about one recipient say.

    `told` is what the report says to people; it is read where the fields say nothing. `command` is the one that was
    refused, if the report tells.
    """
    words = field_of(group, "Action").split()
    action = words[0].lower().strip(";,.") if words else ""
    diagnostic, written = field_of(group, "Diagnostic-Code"), field_of(group, "Status")
    status = _status(written, diagnostic)
    detail = " ".join(each for each in (status, diagnostic or action) if each)
    if action in _PASSING:
        return Verdict(BounceFinding.soft, detail)
    if action in _FAILED or (not action and status[:1] in ("4", "5")):
        said = _said(diagnostic, written, told)
        return verdict_of_refusal(said, detail, status=status, command=command)
    return Verdict(BounceFinding.nothing, detail)


def _said(diagnostic: str, written: str, told: str) -> str:
    """Return the first words that mean something: those of the server, of the status, of the report."""
    comment = written.partition("(")[2]
    for words in (diagnostic, comment):
        if words and judge_refusal(words).cause is not RefusalCause.unknown:
            return words
    return told or diagnostic


def _status(status: str, diagnostic: str) -> str:
    """Return the status code. If it is generic (5.0.0, as Exim writes), prefer the one in the diagnostic text."""
    found, closer = _STATUS.search(status), _STATUS.search(diagnostic)
    if closer and (found is None or (found[1] == closer[1] and found[0].endswith(".0.0"))):
        return closer[0]
    return found[0] if found else ""
