"""Parse the reports that mail systems send about our messages. Used by `campaign bounces`.

Delivery reports (RFC 3464, RFC 6533), reports in plain words, complaints (RFC 5965, Outlook.com's JMRP) and notices of
Amazon SES. Anyone can send such an email, so a report counts only if it identifies one of our messages by a value that
cannot be guessed; other modules look that up.
"""

import re
from dataclasses import dataclass
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from campaign.core.errors import ReportInvalid
from campaign.mailer.reports.complaints import complaint_in
from campaign.mailer.reports.delivery_status import is_recipient, verdict_of_group
from campaign.mailer.reports.findings import BounceFinding, ReportVerdict, worst
from campaign.mailer.reports.headers import is_automatic_reply, says_automatic
from campaign.mailer.reports.identity import names_in
from campaign.mailer.reports.parts import ReportParts, find_parts, groups_in
from campaign.mailer.reports.plain_words import (
    is_from_a_mail_server,
    read_words,
    told_in,
    unclear,
)
from campaign.mailer.reports.ses_notices import ses_notice_in

__all__ = ["BounceFinding", "BounceReport", "read_report"]

_LONGEST = 500_000
"""Bytes that are read: the report comes first, the returned email last."""

_REPORTS = {"", "delivery-status", "feedback-report"}
"""Types of reports about deliveries and complaints. Others tell that an email was read, or of TLS."""


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
        # One kind of line end: `email` does not decode quoted-printable with bare carriage returns.
        plain = raw[:_LONGEST].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        plain = re.sub(rb"\n{3,}", b"\n\n", plain)
        return _read(plain, bounces)
    except (MessageError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as e:
        raise ReportInvalid(f"The report cannot be read: {type(e).__name__}.") from e


def _read(raw: bytes, bounces: str) -> BounceReport | None:
    mail = BytesParser(policy=compat32).parsebytes(raw)
    parts = find_parts(mail)
    tokens, ids = names_in(mail, parts, bounces)
    notice = ses_notice_in(parts.words)
    if notice is not None:
        return BounceReport(*notice.verdict, tokens, (*ids, *notice.message_ids))
    verdict = (
        complaint_in(mail, parts) or _delivery(parts) or _plain(mail, parts, named=bool(tokens))
    )
    return None if verdict is None else BounceReport(*verdict, tokens, ids)


def _delivery(parts: ReportParts) -> ReportVerdict | None:
    """Return what the status fields say, in a part of their own or written into the text."""
    groups = [group for group in parts.statuses if is_recipient(group)]
    if not groups:
        groups = [
            group
            for text in parts.texts
            for group in groups_in(told_in(text))
            if group.get("Action") and group.get("Final-Recipient")
        ]
    if not groups:
        return None
    told = told_in(parts.words)
    return worst([verdict_of_group(group, told, alone=len(groups) == 1) for group in groups])


def _plain(mail: Message, parts: ReportParts, *, named: bool) -> ReportVerdict | None:
    """Return what a report says in plain words. `named` is whether it was sent to the address of one of our emails."""
    if _claims_to_be_a_report(mail):
        return _claimed(mail, parts)
    from_server = is_from_a_mail_server(mail)
    if is_automatic_reply(mail) or not (named or from_server):
        return None
    reading = read_words(mail, parts.words) if from_server else None
    return reading.verdict if reading else _unclear(mail, parts, named=named)


def _claimed(mail: Message, parts: ReportParts) -> ReportVerdict:
    reading = read_words(mail, parts.words)
    if reading is None or not reading.understood:
        raise ReportInvalid(
            "The report cannot be read: its machine-readable part is missing, and its words say nothing known."
        )
    return reading.verdict


def _unclear(mail: Message, parts: ReportParts, *, named: bool) -> ReportVerdict | None:
    """Return that a person must read this: only mail systems know our address, so they have told something."""
    return unclear(mail, parts.words) if named and not _is_quiet(mail) else None


def _is_quiet(mail: Message) -> bool:
    """Return whether a report that is not understood need not be read by a person."""
    return says_automatic(mail) or mail.get_content_type() == "multipart/report"


def _claims_to_be_a_report(mail: Message) -> bool:
    kind = str(mail.get_param("report-type", "")).lower()
    return mail.get_content_type() == "multipart/report" and kind in _REPORTS
