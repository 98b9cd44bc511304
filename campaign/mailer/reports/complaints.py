"""Complaints: feedback reports (RFC 5965), those of Outlook.com (JMRP), and an opt-out by mail."""

import re
from email.message import Message

from campaign.mailer.reports.delivery_status import field_of
from campaign.mailer.reports.findings import BounceFinding, ReportVerdict
from campaign.mailer.reports.headers import subject_of
from campaign.mailer.reports.parts import ReportParts

_COMPLAINTS = {"abuse", "fraud", "opt-out", "opt-out-list", "unsubscribe", "miscategorized"}
"""Not: `not-spam`, `virus`, `auth-failure` (RFC 6591: our DMARC failed), `other`. They say nothing of the reader."""
_JMRP_SENDER = re.compile(r"\bstaff@(?:hotmail|outlook|live|msn)\.com\b", re.IGNORECASE)
_JMRP_SUBJECT = re.compile(r"^\s*complaint about message from", re.IGNORECASE)
_ABUSE_REPORT = re.compile(r"\bfeedback-type:[ \t]{0,5}([a-z-]{2,30})", re.IGNORECASE)


def complaint_in(mail: Message, parts: ReportParts) -> ReportVerdict | None:
    """Return what the feedback says, or None if there is none."""
    for fields in parts.feedback:
        return _verdict_of_feedback(fields)
    if _is_jmrp(mail, parts):
        return ReportVerdict(BounceFinding.complaint, "abuse, reported by Outlook.com (JMRP)")
    if mail.get("X-Apple-Unsubscribe"):
        return ReportVerdict(BounceFinding.complaint, "opt-out, by Apple Mail's unsubscribe button")
    written = next((m for text in parts.texts if (m := _ABUSE_REPORT.search(text))), None)
    if written and parts.returned:
        finding = (
            BounceFinding.complaint if written[1].lower() in _COMPLAINTS else BounceFinding.nothing
        )
        return ReportVerdict(finding, f"{written[1].lower()}, reported by a mail provider")
    return None


def _verdict_of_feedback(fields: Message) -> ReportVerdict:
    feedback = field_of(fields, "Feedback-Type").lower()
    finding = BounceFinding.complaint if feedback in _COMPLAINTS else BounceFinding.nothing
    agent = field_of(fields, "User-Agent") or field_of(fields, "Reporting-MTA")
    return ReportVerdict(
        finding, f"{feedback or 'feedback'}, reported by {agent or 'a mail provider'}"
    )


def _is_jmrp(mail: Message, parts: ReportParts) -> bool:
    """Outlook.com attaches our email, with a header for the reader's address, and writes no feedback part."""
    if any(each.get("X-HmXmrOriginalRecipient") for each in (mail, *parts.returned)):
        return bool(
            _JMRP_SUBJECT.search(subject_of(mail)) or _JMRP_SENDER.search(field_of(mail, "From"))
        )
    sender = _JMRP_SENDER.search(field_of(mail, "From"))
    return bool(sender and _JMRP_SUBJECT.search(subject_of(mail)) and parts.returned)
