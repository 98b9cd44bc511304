"""Parse the reports that mail systems send about our messages. Used by `campaign bounces`.

Delivery reports (RFC 3464, RFC 6533), reports in plain words, complaints (RFC 5965, Outlook.com's JMRP) and notices of
Amazon SES. Anyone can send such an email, so a report counts only if it identifies one of our messages by a value that
cannot be guessed; other modules look that up.
"""

from dataclasses import dataclass
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from campaign.core.errors import ReportInvalid
from campaign.mailer.reports.complaints import complaint_in
from campaign.mailer.reports.delivery_status import is_recipient, verdict_of_group
from campaign.mailer.reports.findings import BounceFinding, Verdict, worst
from campaign.mailer.reports.headers import is_automatic_reply
from campaign.mailer.reports.identity import names_in
from campaign.mailer.reports.parts import ReportParts, find_parts, groups_in
from campaign.mailer.reports.plain_words import (
    is_from_a_mail_server,
    told_in,
    verdict_of_words,
)
from campaign.mailer.reports.ses_notices import ses_notice_in

__all__ = ["BounceFinding", "BounceReport", "read_report"]

_LONGEST = 1_000_000
"""Bytes that are read: the report comes first, the returned email last."""


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
    verdict = complaint_in(mail, parts) or _delivery(parts) or _plain(mail, parts, named=bool(tokens))
    return None if verdict is None else BounceReport(*verdict, tokens, ids)


def _delivery(parts: ReportParts) -> Verdict | None:
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


def _plain(mail: Message, parts: ReportParts, *, named: bool) -> Verdict | None:
    claimed = mail.get_content_type() == "multipart/report"
    if is_automatic_reply(mail) and not claimed:
        return None
    if not (claimed or is_from_a_mail_server(mail)):
        return None
    verdict = verdict_of_words(mail, parts.words)
    if verdict is None and claimed:
        raise ReportInvalid("The report cannot be read: it says nothing about a recipient.")
    if verdict is None and named:
        return Verdict(BounceFinding.unclear, "a mail server wrote, and it cannot be told what")
    return verdict
