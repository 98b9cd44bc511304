"""Parse the reports that mail systems send about our messages. Used by `campaign bounces`.

Delivery reports (RFC 3464, RFC 6533) and complaints (RFC 5965). Anyone can send such an email, so a report counts only
if it identifies one of our messages by a value that cannot be guessed; other modules look that up.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser, HeaderParser
from email.policy import compat32
from email.utils import getaddresses
from enum import StrEnum

from campaign.core.errors import ReportInvalid

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_MESSAGE_ID = re.compile(r"<[^<>\s]+@[^<>\s]+>")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,64}")
_DELIVERED_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
_STATUS_PARTS = {"message/delivery-status", "message/global-delivery-status"}
_RETURNED_HEADERS = {"text/rfc822-headers", "message/global-headers"}
_RETURNED = {"message/rfc822", "message/global"} | _RETURNED_HEADERS
_COMPLAINTS = {"abuse", "fraud", "opt-out", "opt-out-list"}
_PASSING = {"5.1.7", "5.1.8", "5.2.2", "5.2.3", "5.2.121", "5.2.122", "5.4.7", "5.4.300"}
"""Temporary: our sender address was refused, mailbox full, message too large, too many messages, or a timeout."""
_FOR_GOOD = {"0", "1", "2", "4"}
"""Permanent subjects of RFC 3463: undefined, address, mailbox, routing. Not: system, protocol, content, policy."""
_PASSING_WORDS = re.compile(
    r"quota|mailbox (is )?full|spam|block|blacklist|policy|reputation|spf|dkim|dmarc|too large",
    re.IGNORECASE,
)


class BounceFinding(StrEnum):
    """What a report says: permanent bounce, temporary bounce, complaint, or nothing relevant. The worst comes first."""

    permanent = "permanent"
    soft = "soft"
    complaint = "complaint"
    nothing = "nothing"


@dataclass(frozen=True)
class BounceReport:
    """One report, with every token and Message-ID that may identify one of our messages, most reliable first."""

    finding: BounceFinding
    detail: str
    tokens: tuple[str, ...]
    message_ids: tuple[str, ...]


def read_report(raw: bytes, bounces: str) -> BounceReport | None:
    """Return the report in `raw`, or None if it is not a report. `bounces` is the mailbox behind `bounces+TOKEN@…`.

    Raise ReportInvalid if the message claims to be a report but cannot be parsed.
    """
    try:
        return _read(raw, bounces)
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as e:
        raise ReportInvalid(f"The report cannot be read: {type(e).__name__}.") from e


def _read(raw: bytes, bounces: str) -> BounceReport | None:
    mail = BytesParser(policy=compat32).parsebytes(raw)
    if mail.get_content_type() != "multipart/report":
        return None
    parts = [part for part in _payload(mail) if isinstance(part, Message)]
    kind = str(mail.get_param("report-type", "")).lower()
    for part in parts:
        found = part.get_content_type()
        if found in _STATUS_PARTS:
            finding, detail = _worst(_groups(part))
            return _named(BounceReport(finding, detail, (), ()), mail, parts, bounces)
        if found == "message/feedback-report":
            fields = next(iter(_groups(part)), Message())
            finding, detail = _feedback(fields)
            return _named(BounceReport(finding, detail, (), ()), mail, [*parts, fields], bounces)
    if kind in {"delivery-status", "feedback-report"}:
        raise ReportInvalid("The report cannot be read: its machine-readable part is missing.")
    return None


def _payload(part: Message) -> list[Message | str]:
    held = part.get_payload()
    return list(held) if isinstance(held, list) else []


def _groups(part: Message) -> list[Message]:
    """Return the field groups. `email` splits those of delivery-status but parses later groups of others as a body."""
    groups: list[Message] = []
    for held in _payload(part):
        if not isinstance(held, Message):
            continue
        groups.append(held)
        body = held.get_payload()
        if isinstance(body, str):
            blocks = re.split(r"\r?\n[ \t]*\r?\n", body.strip())
            groups += [HeaderParser(policy=compat32).parsestr(each) for each in blocks if each]
    return groups


def _field(fields: Message, name: str) -> str:
    return " ".join(str(fields.get(name, "")).split())


def _worst(groups: Iterable[Message]) -> tuple[BounceFinding, str]:
    """Return the worst finding. Our emails have one recipient, but that address may forward to several."""
    found = [_finding(group) for group in groups if group.get("Action") or group.get("Status")]
    if not found:
        raise ReportInvalid("The report cannot be read: it names no recipient.")
    return min(found, key=lambda each: list(BounceFinding).index(each[0]))


def _feedback(fields: Message) -> tuple[BounceFinding, str]:
    feedback = _field(fields, "Feedback-Type").lower()
    finding = BounceFinding.complaint if feedback in _COMPLAINTS else BounceFinding.nothing
    agent = _field(fields, "User-Agent") or _field(fields, "Reporting-MTA")
    return finding, f"{feedback or 'feedback'}, reported by {agent or 'a mail provider'}"


def _finding(group: Message) -> tuple[BounceFinding, str]:
    words = _field(group, "Action").split()
    action = words[0].lower() if words else ""
    diagnostic = _field(group, "Diagnostic-Code")
    status = _status(_field(group, "Status"), diagnostic)
    detail = " ".join(each for each in (status, diagnostic or action) if each)
    if action == "failed":
        return (
            BounceFinding.permanent if _for_good(status, diagnostic) else BounceFinding.soft
        ), detail
    return (BounceFinding.soft if action == "delayed" else BounceFinding.nothing), detail


def _status(status: str, diagnostic: str) -> str:
    """Return the status code. If it is generic (5.0.0, as Exim writes), prefer the one in the diagnostic text."""
    found, closer = _STATUS.search(status), _STATUS.search(diagnostic)
    if closer and (found is None or (found[1] == closer[1] and found[0].endswith(".0.0"))):
        return closer[0]
    return found[0] if found else ""


def _for_good(status: str, diagnostic: str) -> bool:
    if not status.startswith("5") or status in _PASSING:
        return False
    subject = status.split(".")[1]
    if subject == "0" or status == "5.5.0":  # Outlook.com reports an unknown mailbox as 5.5.0
        return not _PASSING_WORDS.search(diagnostic)
    return subject in _FOR_GOOD


def _named(report: BounceReport, mail: Message, parts: list[Message], bounces: str) -> BounceReport:
    """Return `report` with the tokens and Message-IDs found in the recipient address and the returned message."""
    returned = [*_returned(parts)]
    addresses = [str(each) for name in _DELIVERED_TO for each in mail.get_all(name, [])]
    for fields in [*returned, *parts]:
        addresses += [_field(fields, "Return-Path"), _field(fields, "Original-Mail-From")]
    ids = [_field(each, "Message-ID") for each in returned] + [_field(mail, "In-Reply-To")]
    found = [one for each in ids for one in _MESSAGE_ID.findall(each)]
    tokens = dict.fromkeys(_tokens(addresses, bounces))
    return BounceReport(
        report.finding, report.detail, tuple(tokens)[:20], tuple(dict.fromkeys(found))[:20]
    )


def _returned(parts: Iterable[Message]) -> Iterator[Message]:
    """Yield the headers of the returned message. Messages nested inside it are not trusted."""
    for part in parts:
        if part.get_content_type() not in _RETURNED:
            continue
        held = [each for each in _payload(part) if isinstance(each, Message)]
        if held:
            yield held[0]
        else:
            body = part.get_payload(decode=True)
            if isinstance(body, bytes):
                yield BytesParser(policy=compat32).parsebytes(body.lstrip(), headersonly=True)


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
