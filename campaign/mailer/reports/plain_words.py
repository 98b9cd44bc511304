"""Read a report that says in plain words that an email did not arrive. The dialects stand in `dialects`."""

import re
from email.message import Message

from campaign.mailer.refusal_meaning import RefusalAbout, is_understood, judge_refusal
from campaign.mailer.reports.delivery_status import field_of
from campaign.mailer.reports.dialects import (
    DELAYED_WORDS,
    FAILED,
    GIVEN_UP,
    QUOTED_LINE,
    SENDERS,
    SUBJECTS,
    without_boilerplate,
)
from campaign.mailer.reports.findings import BounceFinding, Verdict, worst
from campaign.mailer.reports.headers import subject_of
from campaign.mailer.reports.replies import replies_in

_LONGEST_DETAIL = 300
_RETURNED = re.compile(r"(?:returned mail|delivery failed|undeliverable mail): (.+)", re.IGNORECASE)
"""Older servers give the reason in the subject."""


def is_from_a_mail_server(mail: Message) -> bool:
    """Return whether a mail server wrote this: an empty return path, or its name and a subject of reports."""
    if mail.get("X-Failed-Recipients"):
        return True
    sender = SENDERS.search(" ".join(str(mail.get(name, "")) for name in ("From", "Return-Path")))
    empty = field_of(mail, "Return-Path") == "<>"
    return bool(sender or empty or SUBJECTS.search(subject_of(mail)))


def told_in(words: str) -> str:
    """Return the report itself, without the email that is quoted below it."""
    start = next((m.end() for m in re.finditer(r"\S", words)), 0)
    quoted = QUOTED_LINE.search(words, start)
    return words[: quoted.start()] if quoted else words


def verdict_of_words(mail: Message, words: str) -> Verdict | None:
    """Return what the report says, or None if it does not say that an email failed."""
    told = told_in(words)
    subject = subject_of(mail)
    if _delayed(subject, told):
        return Verdict(BounceFinding.soft, _short(told))
    verdicts = [_verdict(each.words, each.command or "DATA") for each in replies_in(told)]
    if any(known for _, known in verdicts):
        return worst([verdict for verdict, _ in verdicts])
    prose = without_boilerplate(told)
    reason = _RETURNED.match(subject)
    for words in (prose, reason[1] if reason else ""):
        verdict, known = _verdict(words, "")
        if known:
            return verdict
    failed = verdicts or FAILED.search(told) or SUBJECTS.search(subject)
    return Verdict(BounceFinding.soft, _short(prose)) if failed else None


def _delayed(subject: str, told: str) -> bool:
    if DELAYED_WORDS.search(subject):
        return True
    return bool(DELAYED_WORDS.search(told)) and not GIVEN_UP.search(told)


def _verdict(words: str, command: str) -> tuple[Verdict, bool]:
    """Return what `words` mean, and whether that is known."""
    meaning = judge_refusal(words, command=command)
    about_address = meaning.about is RefusalAbout.address
    finding = BounceFinding.permanent if about_address else BounceFinding.soft
    return Verdict(finding, _short(words)), is_understood(words)


def _short(words: str) -> str:
    return " ".join(words.split())[:_LONGEST_DETAIL]
