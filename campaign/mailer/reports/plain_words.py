"""Read a report that says in plain words that an email did not arrive. The dialects stand in `dialects`."""

import re
from collections.abc import Sequence
from email.message import Message
from typing import NamedTuple

from campaign.mailer.refusal_meaning import is_understood
from campaign.mailer.reports.delivery_status import field_of
from campaign.mailer.reports.dialects import (
    DELAYED,
    FAILED,
    GIVEN_UP,
    QUOTED,
    SENDERS,
    SUBJECTS,
    without_boilerplate,
)
from campaign.mailer.reports.findings import (
    BounceFinding,
    ReportVerdict,
    verdict_of_refusal,
    worst,
)
from campaign.mailer.reports.headers import says_automatic, subject_of
from campaign.mailer.reports.replies import Reply, replies_in

_LONGEST_DETAIL, _LONGEST_REPORT = 300, 10_000
_UNKNOWN = "for a reason that is not understood"
_RETURNED = re.compile(r"(?:returned mail|delivery failed|undeliverable mail): (.+)", re.IGNORECASE)
"""Older servers give the reason in the subject."""


def is_from_a_mail_server(mail: Message) -> bool:
    """Return whether a mail server wrote this: an empty return path, or its name and a subject of reports."""
    if mail.get("X-Failed-Recipients"):
        return True
    sender = SENDERS.search(" ".join(str(mail.get(name, "")) for name in ("From", "Return-Path")))
    # Answering machines write with an empty path, too, and say so: RFC 3834.
    empty = field_of(mail, "Return-Path") == "<>" and not says_automatic(mail)
    return bool(sender or empty or SUBJECTS.search(subject_of(mail)))


def told_in(words: str) -> str:
    """Return the report itself, without the email that is quoted below it."""
    start = next((m.end() for m in re.finditer(r"\S", words)), 0)
    quoted = QUOTED.search(words, start)
    return words[: quoted.start() if quoted else None][:_LONGEST_REPORT]


class Reading(NamedTuple):
    """What a report says, and whether the reason is understood."""

    verdict: ReportVerdict
    understood: bool


def read_words(mail: Message, words: str) -> Reading | None:
    """Return what the report says, or None if it does not say that an email failed.

    A failure for a reason that is not understood is temporary: it is noted and suppresses nobody.
    """
    told = told_in(words)
    subject = subject_of(mail)
    if _delayed(subject, told):
        return Reading(ReportVerdict(BounceFinding.soft, _short(told)), understood=True)
    replies = replies_in(told)
    prose = without_boilerplate(told)
    verdict = _understood(replies, prose, subject)
    if verdict is not None:
        return Reading(verdict, understood=True)
    if not (replies or FAILED.search(told) or SUBJECTS.search(subject)):
        return None
    return Reading(
        ReportVerdict(BounceFinding.soft, f"{_UNKNOWN}: {_short(prose)}"), understood=False
    )


def _understood(replies: Sequence[Reply], prose: str, subject: str) -> ReportVerdict | None:
    """Return what the servers' replies say, else what the report itself or its subject says."""
    if any(is_understood(each.words) for each in replies):
        return worst([_verdict(each.words, each.command or "DATA") for each in replies])
    reason = _RETURNED.match(subject)
    for each in (prose, reason[1] if reason else ""):
        if is_understood(each):
            return _verdict(each, "")
    return None


def unclear(mail: Message, words: str) -> ReportVerdict:
    """Return the beginning of what cannot be understood, for a person to read."""
    return ReportVerdict(
        BounceFinding.unclear, f"not understood: {subject_of(mail)}: {_short(told_in(words))}"
    )


def _delayed(subject: str, told: str) -> bool:
    if DELAYED.search(subject):
        return True
    return bool(DELAYED.search(told)) and not GIVEN_UP.search(told)


def _verdict(words: str, command: str) -> ReportVerdict:
    return verdict_of_refusal(words, _short(words), command=command)


def _short(words: str) -> str:
    return " ".join(words.split())[:_LONGEST_DETAIL]
