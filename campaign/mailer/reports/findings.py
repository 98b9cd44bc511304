"""What a report says, in one form for every kind of report."""

import re
from enum import StrEnum
from typing import NamedTuple

from campaign.mailer.refusal_meaning import RefusalAbout, judge_refusal

_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")


class BounceFinding(StrEnum):
    """What a report says: permanent bounce, temporary bounce, complaint, or nothing relevant. The worst comes first.

    `unclear` is a report that nothing can be read from: a person has to look at it.
    """

    permanent = "permanent"
    soft = "soft"
    complaint = "complaint"
    unclear = "unclear"
    nothing = "nothing"


class ReportVerdict(NamedTuple):
    """A finding, and the words it comes from, for staff."""

    finding: BounceFinding
    detail: str


def worst(verdicts: list[ReportVerdict]) -> ReportVerdict:
    """Return the gravest. Our emails have one recipient, but that address may forward to several."""
    return min(verdicts, key=lambda each: list(BounceFinding).index(each.finding))


def verdict_of_refusal(
    words: str, detail: str, *, status: str = "", command: str = ""
) -> ReportVerdict:
    """Return permanent if the refusal is plainly about the address, or else soft.

    Reports name the last command of several that were sent together (RFC 2920): DATA, though RCPT was refused. So DATA
    raises no doubt about an unknown user if the status is about the address (5.1).
    """
    closest = _STATUS.search(words) or _STATUS.search(status)
    if command == "DATA" and closest and closest[0].startswith("5.1."):
        command = ""
    meaning = judge_refusal(words, status=status, command=command)
    about_address = meaning.about is RefusalAbout.address
    return ReportVerdict(BounceFinding.permanent if about_address else BounceFinding.soft, detail)
