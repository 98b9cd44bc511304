"""What a report says, in one form for every kind of report."""

from enum import StrEnum
from typing import NamedTuple

from campaign.mailer.refusal_meaning import RefusalAbout, judge_refusal


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
    """Return permanent if the refusal is plainly about the address, or else soft."""
    meaning = judge_refusal(words, status=status, command=command)
    about_address = meaning.about is RefusalAbout.address
    return ReportVerdict(BounceFinding.permanent if about_address else BounceFinding.soft, detail)
